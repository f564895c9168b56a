"""What must hold, by name: observer and logs_seen judge it from outside."""

from typing import NamedTuple


class Broken(NamedTuple):
    """An invariant that did not hold."""

    invariant: str
    at_s: float
    detail: str


INVARIANTS = {
    "lost": "an accepted offer reaches every partner that its label and the terms allow",
    "duplicated": "nothing stands twice in a partner's record",
    "leaked": "nothing reaches a nation that its label or the terms do not allow",
    "forged": "nothing forged, replayed, of another plane or for another is taken in",
    "altered": "what arrives is what was offered, or its reduced form",
    "reduced": "what asks to be coarsened leaves coarsened, what asks to wait leaves late",
    "order": "what is offered of one object under one label is numbered in that order",
    "contiguous": "sequences of one stream have no gap in the partner's record",
    "reused": "no sequence is signed twice",
    "acked-lost": "what was acknowledged is still there after a crash",
    "false-receipt": "a receipt is given for what the partner's hall has committed, and for nothing else",
    "broken-key": "no step breaks a unique key of a book",
    "warning-waits": "a nation's own warning never waits for the exchange",
    "uncosigned": "what a hall commits to, both partners cosign, with the root that follows from its ticks",
    "untold": "a nation's signed word on what it told a partner names every envelope",
    "false-alarm": "nobody is said to hold another record, an old one or two truths who does not",
    "unnoticed": "officers are told of an old backup that was put back",
    "old-list": "a new trust list reaches both partners within the healing time",
    "stuck": "after the last fault everything is receipted within the healing time",
}
