"""Alert regions: groups of first-level areas that a first alert warns whole, until a node names its own.

Japan: its customary regions, Hokkaido and Okinawa apart (on 29 August 2017 J-Alert warned twelve prefectures
at once, on 4 October 2022 Hokkaido, Aomori and islands of Tokyo). Korea's provinces and the states and
islands of the United States are regions by themselves.
"""

from collections.abc import Mapping
from typing import Final

from tocsin.model.label import Nation


def _prefectures(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"JP-{number:02d}" for number in range(first, last + 1))


REGIONS: Final[Mapping[Nation, Mapping[str, tuple[str, ...]]]] = {
    Nation.JPN: {
        "tohoku": _prefectures(2, 7),
        "kanto": _prefectures(8, 14),
        "chubu": _prefectures(15, 23),
        "kinki": _prefectures(24, 30),
        "chugoku": _prefectures(31, 35),
        "shikoku": _prefectures(36, 39),
        "kyushu": _prefectures(40, 46),
    },
    Nation.KOR: {},
    Nation.USA: {},
}
