"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "a4c3a99788ef882de2fdc8eee230adb9feb856caa75aa658fc0793a52251a949",  # USA REAL
        "0872f50c00548d0dfc926bf489d48e25d0374965d099347b3b5dae3d38206b7a",  # USA EXERCISE
        "9f797510aa98831877d2f63a8a78a603444b787bfdb88247005b2a6f9eca36cd",  # USA TEST
        "5c4b7f43bf0802555836c86046f2a1af750064751e04c0afc37f858d9db6239d",  # KOR REAL
        "ca0f37a76b45ff97d0e467c850f5d0d263117597f2fcf1473b7377fd0720fa76",  # KOR EXERCISE
        "c7dcd3f8514b1c22f49702b10d58d819214e35e56da9065e4d0a0cf677bd86b5",  # KOR TEST
        "167b3ae977094e516099d914363b87ac21903191e5e1b62b708dad20fbfc91a6",  # JPN REAL
        "bfb65fcdbb7006494339a8171cd311b75d777c11fcf3924c87fc301609bbd944",  # JPN EXERCISE
        "c100f334d082ffafc5352f890b069303166d72aed4864d1e5276b00ef18c22b1",  # JPN TEST
    }
)
