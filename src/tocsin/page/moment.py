"""Instants as the page knows them: whole milliseconds."""

from tocsin.model.time import MILLISECOND_NS, Instant


def ms(instant: Instant) -> int:
    """Milliseconds since 1970, UTC."""
    return int(instant // MILLISECOND_NS)


def ms_or_none(instant: Instant | None) -> int | None:
    """The same; null stays null."""
    return None if instant is None else ms(instant)
