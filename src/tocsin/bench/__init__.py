"""Benchmarks over real processes: the same brokers carry tocsin's exchange and the bare loop beside it."""
