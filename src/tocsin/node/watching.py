"""Whom a door shows objects at home: the recipients that its configuration names, and the lines to them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tocsin.model.product import Product
from tocsin.node.config import NodeConfig
from tocsin.release.terms import Kind
from tocsin.release.watchers import Watcher


class WatcherLine(Protocol):
    """A line to one recipient (node.tak.TakLine)."""

    def put(self, product: Product) -> None:
        """Show this, in place of what was there of the same object."""

    async def run(self) -> None:
        """For ever: connect, tell, connect again."""


def watchers_of(config: NodeConfig) -> tuple[Watcher, ...]:
    """The recipients, for the door's fold."""
    return tuple(
        Watcher(entry.name, entry.nation or config.nation, frozenset(Kind(kind) for kind in entry.kinds))
        for entry in config.tak
    )


def lines_of(config: NodeConfig) -> Mapping[str, WatcherLine]:
    """Their lines, by name. UserError for certificates that cannot be used."""
    if not config.tak:
        return {}
    from tocsin.node.tak import TakLine  # here: a tenth of a second of every start, and few nodes have a map

    folder = Path(config.source).parent
    return {entry.name: TakLine(entry, folder) for entry in config.tak}
