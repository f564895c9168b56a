"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "50d2604ca4a7475b1afb1586ba84ce38b64d76f8a45e6948b6bdf32384b92a7e",  # USA REAL
        "7b42c87b6a5c2ef77368d6dee408605cc426b840fecc7562a82c3b5f358e1d76",  # USA EXERCISE
        "1e98d350142884e458e09b6b5704e2790c7d50bbe50899d9ffff99d2b5a5e77a",  # USA TEST
        "58114051dfec1edf5a937648c4f4dbe2eec331f0d55cee050a75324efca787ff",  # KOR REAL
        "c242cf5bdea3eb655b560440abe786f7f5390d83ca3611f419c34e18d0933f1f",  # KOR EXERCISE
        "ec55a25af9e8cc9178130af8607f1a87e9027cfc041a9d713c2f1cb4901d4a72",  # KOR TEST
        "6a4993229b18163f7481a18eb3b1ec9d9be5fd911f4bd0a589ffb7a1b3d92814",  # JPN REAL
        "ee094816a184a31ffea5622f68f49aafda2221d759b8ac5dd7a8d5ab10266587",  # JPN EXERCISE
        "fc0a5131b78ce0f758749143435f5f2f182a8c49c2e6556483b934ecc42b6761",  # JPN TEST
    }
)
