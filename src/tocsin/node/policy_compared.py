"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "e6065f85d63e56f6d4b3728c650d0a249299aa012b9d2f9c98883df4f6e413d9",  # USA REAL
        "b737c4dbc51085dc279ab14a0a514d7395a3e3b82ebe9e34f778276910d4e1b6",  # USA EXERCISE
        "39d0213439fb04897051d9b2fe2af33c768015beaa0ce5576303765e17821b4e",  # USA TEST
        "1fba966c24d7002fa6ee87931f92f8bdd40eb8b325f973db66f4ca1a5261dba7",  # KOR REAL
        "9208730dab25434c4c93b4cb2257756669f259cff7859b092b3e62a330e610bb",  # KOR EXERCISE
        "001e615448e61f98b5858dbaf5a9dda1a783e501b61f9cbeabce9a0d003e0ac2",  # KOR TEST
        "2ab2ed3e1ba5a2b21a9be723f9bb1b81f95259040d12e9e81de1a3c48c477b62",  # JPN REAL
        "5a1246d30fb2047b18fc85957aabb32a7306d454f2bed72dbc1bcd55a0be0419",  # JPN EXERCISE
        "05e58d4640cbad378b88b166e8c0def1759a5e2fc848ec7d0d4f18fa4916656d",  # JPN TEST
    }
)
