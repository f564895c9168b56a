"""Public outlets of a released warning; they carry nothing else."""
