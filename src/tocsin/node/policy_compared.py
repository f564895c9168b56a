"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "a846b2b4ae870d89167c0c6fedfd9ce223b1801c05c2de096a0cdeaa996dba43",  # USA REAL
        "32c105c586d0a76f29c0f070722c76591c705360941813558caff6960429d510",  # USA EXERCISE
        "525b3b3cdd8a0d3366be03ca7563715db187d045900521e4d4aef6058718123a",  # USA TEST
        "3c5b68c40382d4b1987b9e0dfb8744654a8168eb8f0263e9eba3d32ec42b90b0",  # KOR REAL
        "8a46e066262b9b6e7989711bf4b69248c39628f6cc0d46539d551240f31c1516",  # KOR EXERCISE
        "cb0c8d8b54f03257f76569ce720fb7d5a0ace7d7e63c4509bdd735fb290c79b2",  # KOR TEST
        "210ae85e8aa4687d6a38070aadcb0cb0622ee6541f198aff269534a466913a99",  # JPN REAL
        "7c4c6f5d7e50e4bbc77bb276f07451e4772475dd6f83cade499ac4925c4e3c88",  # JPN EXERCISE
        "40e80fbb93a133f3bf4602664192ec143f2d1631b032bbc94e1b02a99b739919",  # JPN TEST
    }
)
