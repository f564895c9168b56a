"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "f7e03aea1fb89c95e5fc4e233462a6ea26c88886131f4f07eca2cc844b9e91fc",  # USA REAL
        "56ded897b3b01863160c5beb139b33d48ae855784dce58db67cc7843f4ebeb37",  # USA EXERCISE
        "3ba45cba7bd6eb53c9942d70e76da4ead9aa6c95dc64b3919aa552699d1427d7",  # USA TEST
        "136f7303ad4a62ca5224813ebc5b7b14e02353c5be38f164b41526a7f9567c1d",  # KOR REAL
        "d8126c9b04ac0bbeafb354eb7c49a3f322609dd0c22f80980e61d8952b530cb1",  # KOR EXERCISE
        "f72bc60732650ebaa0f1deecdeac3dd619ab5400c32a6071054bd678870d2232",  # KOR TEST
        "1600fc06b9b67b4bb48b35344035772fee7f098c8c6c768b4d1a73517b03c155",  # JPN REAL
        "3c73cfd86928cda1eedaddbd39ec177e74f6e64f462c6a33ead74fc17501b95c",  # JPN EXERCISE
        "2674fd091e82e19a2bba6299393bc42f7bc81f8ad51f606799e3c2871277f9b6",  # JPN TEST
    }
)
