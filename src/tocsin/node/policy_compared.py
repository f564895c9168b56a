"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset()
