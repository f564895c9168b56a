"""A receiver of public warnings: reads a feed, checks each signature, prints what is new, beats every 20 s.

    python examples/receiver.py http://127.0.0.1:8811/feed.atom --cert cap.pem --name town --secret SECRET

`cap.pem` is the node's public certificate for warnings (keys/cap.pem). A message whose signature does not
hold is told and never shown as a warning. The node shows a receiver that stops beating within 60 s.
"""

import argparse
import time
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tocsin.outlet.listener import links_of
from tocsin.outlet.sign import SignatureError, verified
from tocsin.warn.cap_schema import children, first

BEAT_S = 20.0
PERIOD_S = 1.0


def look(client: httpx.Client, feed: str, cert: bytes, known: set[str]) -> None:
    """One look at the feed."""
    answer = client.get(feed)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return
    for link in reversed(links_of(answer.raise_for_status().content) or []):
        if link in known:
            continue
        known.add(link)
        try:
            alert = verified(client.get(urljoin(feed, link)).raise_for_status().content, cert)
        except (SignatureError, ValueError) as fault:
            print(f"NOT A WARNING: {link}: {fault}")
            continue
        print(first(alert, "msgType"), first(alert, "status"), first(alert, "sent"))
        for info in children(alert, "info"):
            print("  ", first(info, "headline"))


def main() -> None:
    """For ever."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("feed")
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--name", default="")
    parser.add_argument("--secret", default="")
    args = parser.parse_args()
    known: set[str] = set()
    beaten = 0.0
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while True:
            try:
                look(client, args.feed, args.cert.read_bytes(), known)
                if args.name and time.monotonic() - beaten > BEAT_S:
                    beaten = time.monotonic()
                    headers = {"Authorization": f"Bearer {args.secret}"}
                    client.post(urljoin(args.feed, f"receivers/{args.name}/beat"), headers=headers)
            except httpx.HTTPError as failure:
                print(f"the feed cannot be read: {failure}")
            time.sleep(PERIOD_S)


if __name__ == "__main__":
    main()
