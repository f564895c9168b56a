"""Digests of the policies that `tocsin init` writes and that this version's rules were compared with.

Written by `python tools/compare_policies.py`; tests/release/test_cedar.py says when it has to be run again.
"""

COMPARED: frozenset[str] = frozenset(
    {
        "ae9e3de1153b1754dbffa942ec9efe40f0bd1a402792d8776b66978bf4e95c4e",  # USA REAL
        "22db92923a11076e59206fbf848543d99547525ec2cfe43d7302ce307ee89932",  # USA EXERCISE
        "57ae0a49884bb552f024ea10b892de8295c4af82630505163fee65288f8f5a56",  # USA TEST
        "c0a31db2188fc53a2ed9a64b8f4493f702415f83fdefd17e2e86c66ecdb7a105",  # KOR REAL
        "85460964d1b84f20ede4a531575a4a7773529a3dea69c6009a319d2965bbd119",  # KOR EXERCISE
        "e89d77ebc8cc049c9d2c8979caade797521198a7bbc475d638100e04ff6ff458",  # KOR TEST
        "9dff9ada407d581aa2ce88d417b6601840284bba202f70e63ff8530098c0600b",  # JPN REAL
        "767d3dda168d55f13f378b48292d89b00a48a7b198b4fb19b321e0049a6c4ce4",  # JPN EXERCISE
        "93bdd263dd3ec1a4f57eac05f70a3d143f5065628f687a2a9102d0d6824440af",  # JPN TEST
        "dd386822b4e6d94135c274d6be99ed41ce7dbf23ca0477c06d5194d871e03eb5",  # USA REAL
        "00dcd3beb85f6d1e72135d0d2b111417eccb00207d6d8b769a6a4b4714621121",  # USA EXERCISE
        "525cfe0f8e5d6e1e83c7d9db4c1da2d78f3bf2e8b8894c79f44c2fca08109f1b",  # USA TEST
        "833d1641a66ca9edc6d8fd42775aae24ba1695d6b526a2b8859441aa29266b0d",  # KOR REAL
        "6e840947abbb286f378a8428620d381118083a52e7a616b19e97da8d9fcd1f40",  # KOR EXERCISE
        "43e7de2538b083de3cfafee3bea70c13274b5a278d1ba98afeb2aa014524607b",  # KOR TEST
        "ac55a724016e0faa1dbc7deb099210c17ace6ee0f8f95af6fb4e49ec9582e41a",  # JPN REAL
        "e89b11ad0945e1a8f14edf55a004bb0ec4b6ef985e57a83b596871aea5296270",  # JPN EXERCISE
        "1261560bd41a106e5b2779e608dfe8cba5f8cf25f3c50942443b3f72e9a801ae",  # JPN TEST
    }
)
