"""What the door shows at home: own offers and partners' verified products, to each watcher that may see them.

Decided by the same fold as what goes to partners; the decision stands in the door's book before it is shown.
"""

from tocsin.model.product import Product
from tocsin.node.door_turn import Turn
from tocsin.node.door_words import Show, ShowDecision
from tocsin.release.policy import Release
from tocsin.release.watchers import may_show, shown_form


def show(turn: Turn, product: Product) -> None:
    """Decide for every watcher; costs nothing where there is none."""
    office = turn.state.office
    for watcher in office.watchers:
        verdict = may_show(product, watcher, office.nation, office.plane, office.policy)
        released = isinstance(verdict, Release)
        turn.shown.append(
            ShowDecision(
                watcher.name, product.origin, product.track_id, product.sequence, released, verdict.rule
            )
        )
        if isinstance(verdict, Release):
            turn.after.append(Show(watcher.name, shown_form(product, verdict, office.policy)))
