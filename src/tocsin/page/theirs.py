"""What the page shows of partners' warnings: what they told their people, and what it is worth now."""

from msgspec import Struct

from tocsin.model.warning import PartnerWarning
from tocsin.page.moment import ms


class Theirs(Struct, frozen=True, omit_defaults=True):
    """A partner's warning. `standing`: in force, cancelled, expired, or late. Times in ms."""

    nation: str
    id: str
    standing: str
    type: str
    certainty: str
    objects: int
    areas: tuple[tuple[str, str, int], ...]
    sent: int


def theirs_of(row: PartnerWarning) -> Theirs:
    """The line of one warning."""
    said = row.warning
    return Theirs(
        nation=said.origin,
        id=said.track_id,
        standing=row.standing,
        type=said.msg_type,
        certainty=said.certainty,
        objects=said.objects,
        areas=tuple((area.area, str(area.threat), ms(area.expected_ns)) for area in said.areas),
        sent=ms(said.sent_ns),
    )
