"""Room 1: a sensor's bytes become plots."""
