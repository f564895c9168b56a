"""Why a product may or may not go to a partner: the rule that decides, what is taken out, what would have to
change. The same question and the same rules as at the door.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from tocsin.errors import UserError
from tocsin.model.label import Caveat, Nation, Plane
from tocsin.model.product import Offer, Product
from tocsin.node.releasing import encoded, question
from tocsin.record.book import book_errors
from tocsin.record.rows import open_record
from tocsin.release.policy import Release, decide, may_use_hub, must_encrypt
from tocsin.release.terms import Policy, kind_of
from tocsin.release.wording import UNSOUND, obstacles, said
from tocsin.share.topology import Topology

MAX_PRODUCT_FILE_BYTES = 1_000_000
"""A product is a few kB of JSON."""

_DECIDED = """
SELECT json_extract(i.value, '$.item.rule')
FROM entries, json_each(entries.body, '$.items') AS i
WHERE kind = 'handed' AND side = 'stimulus' AND json_extract(i.value, '$.item.type') = 'decision'
  AND json_extract(i.value, '$.item.offer') = ? AND json_extract(i.value, '$.item.partner') = ?
"""


class Step(Struct, frozen=True):
    """One rule that stands in the way: what it says and what would lift it."""

    rule: str
    says: str
    change: str


class Explained(Struct, frozen=True):
    """The whole answer."""

    kind: str
    origin: Nation
    track_id: str
    partner: Nation
    released: bool
    rule: str
    says: str
    reduction: dict[str, Any]
    """What is done to it first: `coarsen` (grids) and `delay_s`; empty = it goes as it is."""
    by_hub: bool
    """It may also take the relay."""
    encrypted: bool
    """It goes encrypted to the partner: a relay on the way may not read it."""
    in_the_way: tuple[Step, ...]
    """Everything that would have to change before it could go."""
    recorded_rule: str | None = None
    """The rule that the nation's record names for this offer and partner, where it comes from a record."""


class Message(NamedTuple):
    """A product to be explained; of a record: its nation and the decisions on it."""

    product: Product
    recorded: dict[Nation, str] = {}  # noqa: RUF012 - never changed
    record: Path | None = None


def read_message(text: str) -> Message:
    """MESSAGE of the command line: a JSON file of a product, or RECORD#OFFER."""
    record, mark, number = text.rpartition("#")
    if mark and number.isdecimal():
        return _from_record(Path(record), int(number))
    path = Path(text)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PRODUCT_FILE_BYTES)
        return Message(msgspec.json.decode(data, type=Product))
    except OSError as failure:
        fix = "name a JSON file of a product, or RECORD#OFFER"
        raise UserError(f"cannot read {path} ({failure.strerror})", fix=fix) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as failure:
        fix = 'give one product, its "type" tracklet, plot, launch, prediction, sensor or warning'
        raise UserError(f"{path} holds no product: {failure}", fix=fix) from None


def _from_record(path: Path, number: int) -> Message:
    with book_errors(path):
        db = open_record(path)
        try:
            row = db.execute("SELECT body FROM offers WHERE number = ?", (number,)).fetchone()
            rules = {n: db.execute(_DECIDED, (number, n)).fetchone() for n in Nation}
            last = db.execute("SELECT coalesce(max(number), 0) FROM offers").fetchone()
        finally:
            db.close()
    if row is None:
        fix = f"give a number from 1 to {last[0]}" if last and last[0] else "name a record with offers"
        raise UserError(f"{path} holds no offer {number}", fix=fix)
    offer = msgspec.msgpack.decode(bytes(row[0]), type=Offer)
    recorded = {nation: str(rule[0]) for nation, rule in rules.items() if rule is not None}
    return Message(offer.product, recorded, path)


def explain(
    message: Message,
    issuer: Nation,
    partner: Nation,
    plane: Plane,
    topology: Topology,
    policy: Policy,
    *,
    encrypts: bool,
) -> Explained:
    """What the door of `issuer` says. `encrypts`: `partner` has named a key to encrypt to."""
    product = message.product
    asked = question(product, issuer, partner, plane, topology, policy, encrypts=encrypts)
    verdict = decide(asked)
    stands = obstacles(asked)
    rule = verdict.rule
    if encoded((product,), policy) == [None]:
        rule = UNSOUND if isinstance(verdict, Release) else rule
        stands.append(UNSOUND)
    released = isinstance(verdict, Release) and not stands
    return Explained(
        kind=kind_of(product),
        origin=product.origin,
        track_id=product.track_id,
        partner=partner,
        released=released,
        rule=rule,
        says=said(rule, asked).says,
        reduction=reduction(product, policy) if released else {},
        by_hub=released and may_use_hub(asked),
        encrypted=released and must_encrypt(asked),
        in_the_way=tuple(Step(name, *said(name, asked)) for name in stands),
        recorded_rule=message.recorded.get(partner),
    )


def reduction(product: Product, policy: Policy) -> dict[str, Any]:
    """What the label's caveats do to a product that goes."""
    terms = policy.for_product(product)
    done: dict[str, Any] = {}
    if Caveat.COARSEN in product.label.caveats:
        grids = msgspec.to_builtins(terms)
        done["coarsen"] = {name: value for name, value in grids.items() if name.startswith("grid_")}
    if Caveat.DELAY in product.label.caveats:
        done["delay_s"] = terms.delay_s
    return done
