"""Recipients at home that are shown objects: a TAK server, a liaison's map. Each has a nation whose eyes it
is.

They are recipients like a partner, hence ruled by label and decided by the door; a public outlet never gets
objects. Nothing is shown by default. Those of the own nation see what their nation may read; those of another
see what that nation's door would be given now: what would have to wait is not shown at all.
"""

from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.product import Product
from tocsin.release.policy import Question, Release, Verdict, Withheld, decide
from tocsin.release.reduce import reduced
from tocsin.release.terms import DEFAULT, KINDS, Kind, Policy, kind_of

PERMIT_HOME = "permit.home"
NOT_READABLE = "forbid.not-readable"
OTHER_PLANE = "forbid.other-plane"
NOT_ASKED = "forbid.kind"
WAITS = "forbid.delay"

MAP_KINDS = KINDS - {Kind.SENSOR, Kind.PLOT}
"""What can stand on a map of objects."""


class Watcher(Struct, frozen=True):
    """`nation`: whose people look at it. `kinds`: what it is shown at all."""

    name: str
    nation: Nation
    kinds: frozenset[Kind] = MAP_KINDS


def may_show(
    product: Product, watcher: Watcher, home: Nation, plane: Plane, policy: Policy = DEFAULT
) -> Verdict:
    """May the door of `home` show this? The rule that decided stands in the verdict."""
    if product.label.plane is not plane:
        return Withheld(OTHER_PLANE)
    if kind_of(product) not in watcher.kinds:
        return Withheld(NOT_ASKED)
    if watcher.nation is home:
        return Release(PERMIT_HOME) if product.label.readable_by(home) else Withheld(NOT_READABLE)
    verdict = decide(
        Question(
            product=product,
            issuer=home,
            partner=watcher.nation,
            plane=plane,
            direct=True,  # it stands at home: no relay reads what it is shown
            hub=None,
            policy=policy,
        )
    )
    return Withheld(WAITS) if isinstance(verdict, Release) and verdict.delay_s else verdict


def shown_form(product: Product, verdict: Release, policy: Policy = DEFAULT) -> Product:
    """The product as this watcher may see it: reduced where its caveats and the verdict say so."""
    return reduced(product, policy) if verdict.coarsen else product
