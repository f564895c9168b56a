"""What may leave, to whom: a list of forbids, then one permit, then no. Nothing is released by default.

Every decision names the rule that made it; rules are asked in order and the first that speaks decides.
Forbids come first, so no permit can overrule one. A nation's terms (terms.py) only add forbids; cedar.py says
the same rules once more for lawyers, and both are compared before a door uses them.
"""

from collections.abc import Callable

from msgspec import Struct

from tocsin.model.label import Caveat, Nation, Plane
from tocsin.model.product import Product
from tocsin.release.terms import DEFAULT, Coarsening, Delaying, Policy, kind_of


class Release(Struct, frozen=True, tag="release"):
    """It may go; `rule` permitted it. `coarsen`: reduced as the terms say; `delay_s`: not before so long."""

    rule: str
    coarsen: bool = False
    delay_s: int = 0


class Withheld(Struct, frozen=True, tag="withheld"):
    """It stays; `rule` forbade it, or none permitted it."""

    rule: str


Verdict = Release | Withheld


class Question(Struct, frozen=True):
    """May `issuer`, in `plane`, give `product` to `partner`? `direct`: there is a link of their own."""

    product: Product
    issuer: Nation
    partner: Nation
    plane: Plane
    direct: bool = True
    hub: Nation | None = None
    """The relaying nation, where the partner can be reached by a relay."""
    policy: Policy = DEFAULT
    encrypts: bool = False
    """The partner has named a key that products for it can be encrypted to."""


def may_use_hub(question: Question) -> bool:
    """A relay reads what passes in the clear: only what its nation may have too goes that way as it is, all
    else encrypted to the partner.
    """
    return question.hub is not None and (
        question.encrypts or question.product.label.readable_by(question.hub)
    )


def must_encrypt(question: Question) -> bool:
    """What may pass the hub, whose nation may not read it, is encrypted, and on the direct way as well: one
    sequence is one content.
    """
    return may_use_hub(question) and not question.product.label.readable_by(question.hub or question.issuer)


def _other_plane(q: Question) -> bool:
    return q.product.label.plane is not q.plane


def _to_oneself(q: Question) -> bool:
    return q.partner is q.issuer


def _foreign_origin(q: Question) -> bool:
    """A nation speaks in its own name only."""
    return q.product.origin is not q.issuer


def _no_originator(q: Question) -> bool:
    return not q.product.label.originators


def _echo(q: Question) -> bool:
    """The partner's own data would come back to it and look like a second opinion."""
    return q.product.label.originators == frozenset((q.partner,))


def _onward(q: Question) -> bool:
    """NO_ONWARD: the originators give to us and no further; our own data goes from us first hand."""
    label = q.product.label
    return Caveat.NO_ONWARD in label.caveats and label.originators != frozenset((q.issuer,))


def _kind(q: Question) -> bool:
    return not q.policy.gives(q.partner, kind_of(q.product))


def _coarsen(q: Question) -> bool:
    forbids = q.policy.for_product(q.product).coarsen is Coarsening.FORBID
    return forbids and Caveat.COARSEN in q.product.label.caveats


def _delay(q: Question) -> bool:
    forbids = q.policy.for_product(q.product).delay is Delaying.FORBID
    return forbids and Caveat.DELAY in q.product.label.caveats


def _no_way(q: Question) -> bool:
    """The only way there is a relay whose nation may not read it, and it cannot be encrypted."""
    return not q.direct and not may_use_hub(q)


def _releasable(q: Question) -> bool:
    return q.partner in q.product.label.releasable_to


Rule = tuple[str, Callable[[Question], bool]]

FORBID: tuple[Rule, ...] = (
    ("forbid.other-plane", _other_plane),
    ("forbid.to-oneself", _to_oneself),
    ("forbid.foreign-origin", _foreign_origin),
    ("forbid.no-originator", _no_originator),
    ("forbid.echo", _echo),
    ("forbid.onward", _onward),
    ("forbid.kind", _kind),
    ("forbid.coarsen", _coarsen),
    ("forbid.delay", _delay),
)
PERMIT: tuple[Rule, ...] = (("permit.releasable", _releasable),)
NO_WAY = "forbid.hub-may-not-read"
DEFAULT_DENY = "default.deny"


def decide(question: Question) -> Verdict:
    """The verdict and the rule that gave it."""
    for name, speaks in FORBID:
        if speaks(question):
            return Withheld(name)
    for name, speaks in PERMIT:
        if speaks(question):
            # Asked last, so that a missing way is told only of what might go at all.
            return Withheld(NO_WAY) if _no_way(question) else _release(name, question)
    return Withheld(DEFAULT_DENY)


def forbidding(question: Question) -> list[str]:
    """Every forbid that speaks, not the first alone: all of them stand in the way."""
    found = [name for name, speaks in FORBID if speaks(question)]
    return [*found, NO_WAY] if _no_way(question) else found


def permitting(question: Question) -> list[str]:
    """Every permit that speaks."""
    return [name for name, speaks in PERMIT if speaks(question)]


def _release(rule: str, question: Question) -> Release:
    caveats = question.product.label.caveats
    if not caveats:
        return Release(rule)
    delay_s = question.policy.for_product(question.product).delay_s if Caveat.DELAY in caveats else 0
    return Release(rule, Caveat.COARSEN in caveats, delay_s)
