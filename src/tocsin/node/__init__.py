"""CORRIDOR AND SHELL: the two folds of a node (pipeline.py) and the processes that run them."""
