"""Three nations on one machine: the conductor of a scenario, the terminal view, and the results folder."""
