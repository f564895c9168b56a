"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "e84d36d95e87a15b300ce900eb2959d0617d983c4189d255eb6f7cc71c897ce3",  # USA REAL
        "b46062142ad6811d34adcb960016d9610916a485eeaa61f2331f6fe5171a7da4",  # USA EXERCISE
        "accdf7cf8168931cfde8a2230097b8e5966ec349d66977dfc73dc64c550c36b8",  # USA TEST
        "5df60a806ed9263a63509976f818e37ada47e5c724037211d4e4147dd36628c7",  # KOR REAL
        "cab04a5a04d2b591fc4c145ddfaced20f6c44785298e6dbe39c575476aefc928",  # KOR EXERCISE
        "9287ccdb72085bc62ffa7d5a1d409e327af0b30fc25e0b28edba5a66b1a4ed37",  # KOR TEST
        "77dc83f58281af2b65fd2bc98784f50efb97ef4ceb2ea89632fd41dbcf98d962",  # JPN REAL
        "8b75d4f53555106c5b426988a73d72fd5c681398c18c898ddc6d467e6183427d",  # JPN EXERCISE
        "c1b14517eb1f145d724459ea8acd515983cf7817c73068b84f479e2fc23c85c0",  # JPN TEST
    }
)
