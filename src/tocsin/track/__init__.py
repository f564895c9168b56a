"""Room 2: plots become tracks, one for each object."""
