"""Officers' passphrases: argon2id hashes in one file, made by `tocsin officer add`, read by the hall.

Break-glass credentials of this machine: a passphrase proves a credential, the credential names its officer in
the configuration. Roles and names stand in the configuration alone, so that the record can hold them.
"""

import os
from functools import cache
from pathlib import Path

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tocsin.errors import UserError

LEAST_LETTERS = 12
"""NIST SP 800-63B asks for 8; these release warnings, and nobody types them often."""
MOST_LETTERS = 256
"""Bounds the work of one attempt."""

_HASHER = PasswordHasher()


def read_secrets(path: Path) -> dict[str, str]:
    """Credential -> hash; empty where the file is not made yet. UserError for a damaged one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except OSError as failure:
        raise UserError(f"cannot read {path} ({failure.strerror})", fix="mend its permissions") from failure
    except msgspec.DecodeError as failure:
        raise UserError(
            f"{path} is damaged ({failure})", fix="remove it and run `tocsin officer add` for each officer"
        ) from failure


def add_secret(path: Path, credential: str, passphrase: str) -> None:
    """Keep the hash of a passphrase; for its owner's eyes alone (mode 600). UserError for a weak one."""
    if not LEAST_LETTERS <= len(passphrase) <= MOST_LETTERS:
        raise UserError(
            f"the passphrase has {len(passphrase)} letters", fix=f"give {LEAST_LETTERS} to {MOST_LETTERS}"
        )
    secrets = {**read_secrets(path), credential: _HASHER.hash(passphrase)}
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(secrets, order="sorted")))
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def proves(secrets: dict[str, str], credential: str, passphrase: str) -> bool:
    """True when the passphrase is the credential's. Takes as long for a credential that does not exist."""
    known = secrets.get(credential)
    try:
        _HASHER.verify(known or _nobodys(), passphrase[: MOST_LETTERS + 1])
    except (VerificationError, InvalidHashError):
        return False
    return known is not None and len(passphrase) <= MOST_LETTERS


@cache
def _nobodys() -> str:
    """The hash that a credential which does not exist is tried against. Not made before it is needed: a start
    of the hall would wait a third of a second for it."""
    return _HASHER.hash("nobody has this passphrase")
