"""Room 5: what may leave the nation, reduced and sealed."""
