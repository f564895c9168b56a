"""WORDS: what the rooms say to one another. Frozen structs, no I/O, no clock, no physics."""
