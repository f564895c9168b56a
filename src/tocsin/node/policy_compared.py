"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "e5ac56296a243a55127b72976be7e781bc6086609baa644d3964ec4559ebb6b4",  # USA REAL
        "2d9df5701c4b9e77a1e1c6b5b1f76e8316b2e14b55d67f90ceefc066eea6402f",  # USA EXERCISE
        "b2f07c790a96f26ee072b13beb16d34a33e2792c365e6bb5a40028457760442c",  # USA TEST
        "5f39ffaf1d99923b36fbd331914fb615e7d6ec7d23e82673a37526d734640cee",  # KOR REAL
        "8f8ec12f0a5398ba4fc7e8efa233a07a6a18d355e2c3a23f6ece33738ba4dc6c",  # KOR EXERCISE
        "a1ca83279828e03ca3eeed08aadaa3f00380b1e8881ef6aace201caaab2d608d",  # KOR TEST
        "428326dfa32cb5f4a1ae7983f18f9929190b26ae62b42d34a2cdd2ec6f6a1ce6",  # JPN REAL
        "0cbffafbf1354d39acf2b9e753060fa621dc0d977d05321356ba1462bbde65ff",  # JPN EXERCISE
        "7b1260135cd4fa9b3e86308b68b6f43c865e663a6089b74157dc4526a50dd633",  # JPN TEST
    }
)
