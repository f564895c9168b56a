"""How far a stream of sequences reaches without a gap, when its origin may have forgotten some of them."""

OPEN = 2**62
"""End of what a restored origin may have forgotten, until it says a new sequence."""


class Contiguous:
    """Numbers from 1 on: `upto` without a gap. What an origin that was restored from an old copy has
    forgotten may be missing."""

    def __init__(self) -> None:
        self.upto = 0
        self._beyond: set[int] = set()
        self._forgotten: list[tuple[int, int]] = []

    def add(self, number: int) -> None:
        """One more."""
        if number > self.upto:
            self._beyond.add(number)
            self._advance()

    def forgets(self, first: int) -> None:
        """From here on anything may be missing, until `resumes`."""
        self._forgotten.append((first, OPEN))
        self._advance()

    def resumes(self, first: int) -> None:
        """The origin goes on from here."""
        if self._forgotten and self._forgotten[-1][1] == OPEN:
            self._forgotten[-1] = (self._forgotten[-1][0], first - 1)
            self._advance()

    @property
    def most(self) -> int:
        """How far a receipt may reach."""
        return (
            OPEN
            if any(first <= self.upto + 1 and last == OPEN for first, last in self._forgotten)
            else self.upto
        )

    @property
    def whole(self) -> int:
        """How far every number is there: none missing, none forgotten."""
        return min([self.upto, *(first - 1 for first, _ in self._forgotten)])

    @property
    def gaps(self) -> bool:
        """True when something after `upto` is there."""
        return bool(self._beyond) and self.most < OPEN

    def _advance(self) -> None:
        while True:
            following = self.upto + 1
            ends = [last for first, last in self._forgotten if first <= following <= last < OPEN]
            if following in self._beyond:
                self.upto = following
            elif ends:
                self.upto = max(ends)
            else:
                return
            self._beyond = (
                {one for one in self._beyond if one > self.upto} if ends else self._beyond - {following}
            )
