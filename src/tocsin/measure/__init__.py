"""Figures for drills, evaluation and benches alike."""
