"""tocsin: a trilateral missile-warning network. Warning only: it detects, tracks, shares and warns."""

import os

__version__ = "0.1.0"

# One thread for linear algebra, before any of it is loaded: sums of several threads differ in the last bit
# from run to run, and a record must run again to the same state. (Nine processes are faster for it, too.)
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
