"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "b608604a1d25c4329b6e842ace4e1791e45ca616c724e89a1f0d65d65faea929",  # USA REAL
        "9d8e2b9cb7728a73f8b210d739c12f42fd338f960466cb51ccae5de650f1ac91",  # USA EXERCISE
        "50d8c1f91f575125e723715f7b048e27c1f84b3153e0b14301c4f58fc283dac5",  # USA TEST
        "ac4de5be6f961c507c0a6bfde517dce6114d591eb4f4c823ce5f80ec737a1ca6",  # KOR REAL
        "435d67be1b9031887874d4a5bfc30a61c442733b27bb8b9a024eef6814fb7055",  # KOR EXERCISE
        "81e0c0979d93e2fa275b1e38bee5579bdce828172933bffc0b2b5b8ed562a477",  # KOR TEST
        "7e85886c59044c38843f57e2fa957b48ac6d3b775b428e33446bdc0ce29dd55e",  # JPN REAL
        "7d0b748e8743f3f03b59023fb731446fe98cbdd041565d0216ca80877c5e8131",  # JPN EXERCISE
        "644f1c80d61319c4eeff5ad26629c461f88f1457441fd3ea89143dd33369d29e",  # JPN TEST
    }
)
