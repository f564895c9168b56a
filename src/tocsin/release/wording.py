"""Every rule of release in plain words: what it says, and what would have to change where it stands in the
way.

For lawyers (the comments of the Cedar text) and for officers (`tocsin policy explain`). `{issuer}`,
`{partner}`, `{plane}`, `{kind}`, `{traffic}` and `{hub}` are filled in where the case is known.
"""

from typing import NamedTuple

from tocsin.model.product import traffic_of
from tocsin.release.policy import DEFAULT_DENY, NO_WAY, Question, forbidding, permitting
from tocsin.release.terms import kind_of


class Wording(NamedTuple):
    """`says`: the rule as law. `change`: what lifts it, as an instruction."""

    says: str
    change: str


UNSOUND = "forbid.unsound"
"""Not a rule of policy: numbers that no product can have, or too large to send."""

HELD_FULL = "forbid.held-full"
"""Not a rule of policy: as many products as the door holds are waiting for this partner already."""

BACKLOG_FULL = "forbid.backlog-full"
"""Not a rule of policy: as much flow as the door keeps waits for this partner's receipts already."""

DISK_FULL = "forbid.disk-full"
"""Not a rule of policy: the disk of the door's book is full; the reserve is for what is urgent."""

WORDINGS = {
    "permit.releasable": Wording(
        "{issuer} may give a product to a nation that its label names as a recipient.",
        "name {partner} in releasable_to of the label (sensors.releasable_to in node.toml)",
    ),
    "forbid.other-plane": Wording(
        "Nothing of another plane leaves through this door: it is {plane}'s.",
        "offer it in a node of the plane that its label names; no policy can lift this",
    ),
    "forbid.to-oneself": Wording(
        "Nothing goes back to {issuer} itself.", "name another nation as the partner; no policy can lift this"
    ),
    "forbid.foreign-origin": Wording(
        "{issuer} speaks in its own name only: a product of another origin does not leave.",
        "have its origin release it itself; no policy can lift this",
    ),
    "forbid.no-originator": Wording(
        "A product whose label names no originator belongs to nobody who could release it.",
        "label it with its originators; no policy can lift this",
    ),
    "forbid.echo": Wording(
        "A partner's own data does not go back to it as if it were a second opinion.",
        "nothing: {partner} has it already; no policy can lift this",
    ),
    "forbid.onward": Wording(
        "NO_ONWARD: what other originators gave under this caveat goes no further; {issuer}'s own data may "
        "go, first hand.",
        "have its originators lift the caveat NO_ONWARD; no policy of {issuer} can",
    ),
    "forbid.kind": Wording(
        "A partner has only the kinds of product that the policy names for it.",
        'add "{kind}" to partners.{partner}.kinds in policy.toml',
    ),
    "forbid.coarsen": Wording(
        "COARSEN: under this policy a product with the caveat stays, even blurred.",
        'say {traffic}.coarsen = "reduce" in policy.toml, or lift the caveat COARSEN of the label',
    ),
    "forbid.delay": Wording(
        "DELAY: under this policy a product with the caveat stays, however long it would wait.",
        'say {traffic}.delay = "wait" and give delay_s in policy.toml, or lift the caveat DELAY of the label',
    ),
    NO_WAY: Wording(
        "Without a link of their own a product goes by the relay alone, and only if the relay's nation may "
        "read it too, or it is encrypted to the recipient.",
        "accept {partner}'s trust entry, which names its encryption key (`tocsin trust accept`), release it "
        "to the relaying nation too, or give {issuer} and {partner} a link of their own (topology.mode in "
        "node.toml)",
    ),
    DEFAULT_DENY: Wording(
        "What no permit names stays.",
        "name {partner} in releasable_to of the label (sensors.releasable_to in node.toml)",
    ),
    UNSOUND: Wording(
        "What has numbers that no product can have, or is too large to send, stays.",
        "mend the product; no policy can lift this",
    ),
    HELD_FULL: Wording(
        "A door holds only so many products that wait for one partner.", "shorten delay_s in policy.toml"
    ),
    BACKLOG_FULL: Wording(
        "A door keeps only so much flow for a partner that takes none.",
        "mend the link with {partner}; what is urgent still goes",
    ),
    DISK_FULL: Wording(
        "On a full disk a door keeps its last room for what is urgent.",
        "free space on the disk of door.sqlite; the door notices by itself",
    ),
}


def obstacles(question: Question) -> list[str]:
    """Every rule that must be lifted before this product may go to this partner; none when it may go."""
    found = forbidding(question)
    return found if permitting(question) else [*found, DEFAULT_DENY]


def said(rule: str, question: Question) -> Wording:
    """A rule's wording about this case."""
    words = {
        "issuer": str(question.issuer),
        "partner": str(question.partner),
        "plane": str(question.plane),
        "kind": str(kind_of(question.product)),
        "traffic": str(traffic_of(question.product)),
    }
    wording = WORDINGS[rule]
    return Wording(wording.says.format(**words), wording.change.format(**words))
