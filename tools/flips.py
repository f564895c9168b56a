"""Every bit of many envelopes flipped, one at a time: none of them may be believed.

    python tools/flips.py --envelopes 1000 --jobs 2 [--json is always on]

The envelopes are of all classes of traffic, with random labels, from all nations; each is verified whole
first, so that a refusal means the flipped bit. Sizes are those of single products and notes: a batch has
more of the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from msgspec.structs import replace

from flock import PLANE, START, key, subset
from tocsin.bench import samples
from tocsin.model.envelope import header_for
from tocsin.model.label import Caveat, Label, Nation
from tocsin.model.product import Traffic
from tocsin.model.time import SECOND_NS, Instant
from tocsin.release.seal import seal
from tocsin.share.links import Receipt, Resend
from tocsin.share.trust import TrustedKey, trust_list
from tocsin.share.wire import Verified, encode_notes, encode_product, join_products, verify

TRUST = trust_list(TrustedKey(nation, PLANE, key(nation).key_id, key(nation).public) for nation in Nation)
LIFE_NS = 3_600 * SECOND_NS
EACH = 10
"""Envelopes of one piece of work."""


def envelope(dice: random.Random) -> tuple[bytes, Nation]:
    """A valid one, and for whom it is."""
    issuer, recipient = dice.sample(list(Nation), 2)
    label = Label(PLANE, frozenset((issuer,)), subset(dice, Nation) | {recipient}, subset(dice, Caveat))
    traffic = dice.choice(list(Traffic))
    first = dice.randint(1, 2**40)
    if traffic is Traffic.CONTROL:
        note = dice.choice((Receipt(Traffic.FLOW, first), Resend(Traffic.URGENT, ((first, first + 3),))))
        payload = encode_notes([note])
    else:
        made = samples.tracklet if traffic is Traffic.FLOW else samples.launch
        one = replace(made(issuer, START), label=label, sequence=first, track_id=f"{issuer}-{first % 97}")
        payload = join_products([encode_product(one)])
    header = header_for(
        label,
        issuer=issuer,
        recipient=recipient,
        traffic=traffic,
        first=first,
        last=first,
        key_id=key(issuer).key_id,
        issued_wall_ns=START,
        expires_wall_ns=Instant(START + LIFE_NS),
    )
    return seal(header, payload, key(issuer), by_hub=False).data, recipient


def flip_all(seed: int, count: int) -> Counter[str]:
    """`count` envelopes, every bit of each."""
    dice = random.Random(seed)
    seen: Counter[str] = Counter()
    for _ in range(count):
        data, me = envelope(dice)
        whole = verify(data, TRUST, me, PLANE, START)
        if not isinstance(whole, Verified):
            raise SystemExit(f"seed {seed}: an envelope that should be good is refused: {whole}")
        seen["envelopes"] += 1
        for bit in range(8 * len(data)):
            bad = bytearray(data)
            bad[bit // 8] ^= 1 << bit % 8
            outcome = verify(bytes(bad), TRUST, me, PLANE, START)
            seen["bits"] += 1
            if isinstance(outcome, Verified):
                seen["accepted"] += 1
                print(f"accepted: seed {seed}, bit {bit} of {data.hex()}", file=sys.stderr)
            else:
                seen[outcome.reason] += 1
    return seen


def main() -> int:
    """Flip them all; exit code 1 when any is accepted."""
    ask = argparse.ArgumentParser(description="Every bit of many envelopes flipped.")
    ask.add_argument("--envelopes", type=int, default=1_000)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--seed", type=int, default=1)
    said = ask.parse_args()
    total: Counter[str] = Counter(accepted=0)
    with ProcessPoolExecutor(said.jobs) as pool:
        starts = range(0, said.envelopes, EACH)
        work = [pool.submit(flip_all, said.seed + n, min(EACH, said.envelopes - n)) for n in starts]
        for done, one in enumerate(as_completed(work), 1):
            total += one.result()
            if done % 10 == 0:
                print(f"{total['bits']:,} bits, {total['accepted']} accepted", file=sys.stderr, flush=True)
    refused = {name: n for name, n in sorted(total.items()) if name not in ("envelopes", "bits", "accepted")}
    counts = {name: total[name] for name in ("envelopes", "bits", "accepted")}
    print(json.dumps({"seed": said.seed, **counts, "refused": refused}))
    return 1 if total["accepted"] else 0


if __name__ == "__main__":
    sys.exit(main())
