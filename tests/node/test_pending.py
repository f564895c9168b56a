"""What waits for the hall's turn is bounded, and nothing that was left out goes uncounted."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.model.product import Quarantined
from tocsin.model.time import Instant
from tocsin.node.hall_words import RefusedIn
from tocsin.node.pending import MOST_REFUSED, Pending


def refused(pending: Pending) -> list[Quarantined]:
    return [word.refused for word in pending.take()[0] if isinstance(word, RefusedIn)]


@given(st.integers(0, 20))
def test_a_flood_of_refused_input_is_told_in_one_line(more: int) -> None:
    pending = Pending()
    for n in range(MOST_REFUSED + more):
        pending.put_refused(Quarantined("sensor-clock", f"radar-{n}", f"plot {n}", Instant(n)))
    told = refused(pending)
    assert [one.detail for one in told[:MOST_REFUSED]] == [f"plot {n}" for n in range(MOST_REFUSED)]
    rest = told[MOST_REFUSED:]
    assert [one.reason for one in rest] == ["refused-flood"] * min(more, 1)
    for one in rest:
        assert one.source == f"radar-{MOST_REFUSED}"
        assert one.detail.startswith(f"{more} more refused")
    assert not refused(pending)
