"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "3927b9c0fa8cd47ae4547a0246b5dc6db056ad380d0222cc82aca03df38edded",  # USA REAL
        "7931b16de41521a5b630645639030499b2775a8775d2e116f01a201b145a0083",  # USA EXERCISE
        "3b3aebfbb78367f6a4ca884ff8156a1f666a9d93afb522064e0b4648c65bad42",  # USA TEST
        "57846c1f6ad503925dd79e52d7902ad6974b8cfe2e41dbdb2679f875bbb7f950",  # KOR REAL
        "2a97db17e15a5df62a0fb9547cff601a96ef0828c60f5e948c42706be77459b6",  # KOR EXERCISE
        "31079dd25a09c887dc550643eaca9b9bb2d497efb558ffceccafc9c64f71d6ae",  # KOR TEST
        "5b71d6bb433d9617681f9ba1b63ea4f3e3261a3f4914c304cd59d86e0ab7c516",  # JPN REAL
        "b0bd100d037edc17bc076bb1ffeb92485751444132370535156e050c1c699483",  # JPN EXERCISE
        "07fbc9d413c899d15005b169ad88d0d837dfce61243982cb8ca9e18dc3a5e2e7",  # JPN TEST
    }
)
