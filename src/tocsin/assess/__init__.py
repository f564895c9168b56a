"""Room 3: what a track means: launch, impact, areas."""
