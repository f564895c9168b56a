"""Changing the nation's own keys: the next one takes over, a stolen one is revoked, each as a new list.

New secrets are on disk before the list that names them; the list is replaced whole. A running door reads it
within a second (node.door_office): no restart, and what was sealed under the key before still counts, here
(the outbox is sealed anew) and at the partners (the key stays in the list as former, then retired).
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tocsin.errors import UserError
from tocsin.model.label import Nation, Plane
from tocsin.model.product import Traffic
from tocsin.model.time import Instant
from tocsin.node.keys import (
    ENCRYPTION,
    LOG,
    SIGNING,
    KeyFolder,
    new_key,
    read_release_key,
    read_root,
    signed_list,
    write_list,
)
from tocsin.node.trust import read_list
from tocsin.share.keylist import (
    MAX_KEYS,
    Believed,
    KeyList,
    ListedKey,
    ListRefused,
    SignedUpto,
    Use,
    believe,
    log_generation,
)

LATER = {
    Use.NEXT: Use.CURRENT,
    Use.CURRENT: Use.FORMER,
    Use.FORMER: Use.RETIRED,
    Use.RETIRED: Use.RETIRED,
}
"""What a rotation makes of each key."""


def own_list(folder: KeyFolder, nation: Nation, plane: Plane) -> Believed:
    """The list as it is now. UserError when the root key did not sign it."""
    found = believe(nation, plane, read_root(folder), read_list(folder))
    if isinstance(found, ListRefused):
        raise UserError(
            f"{folder.key_list} is not this node's: {found.detail}", fix="restore it from your copy"
        )
    return found


def rotate(folder: KeyFolder, nation: Nation, plane: Plane, now: Instant, *, beyond: int = 0) -> Believed:
    """The next keys of both kinds take over and new next ones are made. The new version is past `beyond` too:
    what partners hold may be newer than a folder that was restored from a copy.
    """
    held = own_list(folder, nation, plane).keys
    signing = _rotated(folder, SIGNING, held.signing, nation, plane)
    encryption = _rotated(folder, ENCRYPTION, held.encryption, nation, plane)
    return _write(folder, replace(held, signing=signing, encryption=encryption), now, beyond)


def revoke(
    folder: KeyFolder,
    nation: Nation,
    plane: Plane,
    key_id: str,
    upto: Mapping[tuple[Nation, Traffic], int],
    now: Instant,
    *,
    beyond: int = 0,
) -> Believed:
    """A signing key counts up to these sequences and no further. The current one is rotated out with it, the
    next one replaced. UserError for a key that is not in the list, or is revoked already.
    """
    held = own_list(folder, nation, plane).keys
    key = next((key for key in held.signing if key.key_id == key_id), None)
    if key is None or key.revoked is not None:
        known = ", ".join(one.key_id for one in held.signing if one.revoked is None)
        raise UserError(f"{key_id} is no release key that could be revoked", fix=f"name one of: {known}")
    rows = tuple(SignedUpto(partner, traffic, last) for (partner, traffic), last in sorted(upto.items()))
    signing = tuple(
        replace(one, revoked=rows, use=Use.RETIRED if one.use is Use.NEXT else one.use) if one is key else one
        for one in held.signing
    )
    if key.use is Use.CURRENT:
        signing = _rotated(folder, SIGNING, signing, nation, plane)
    elif key.use is Use.NEXT:
        signing = _with_next(folder, SIGNING, signing, nation, plane)
    return _write(folder, replace(held, signing=signing), now, beyond)


def retire_log(folder: KeyFolder, nation: Nation, plane: Plane, now: Instant, *, beyond: int = 0) -> str:
    """A new log key, and with it a new log of the nation; its id. The old one signs nothing more."""
    held = own_list(folder, nation, plane).keys
    numbers = [log_generation(key.key_id) for key in held.logs]
    numbers += [_number(path.stem) for path in folder.all_of(LOG)]
    fresh = new_key(folder, LOG, nation, plane, max(numbers, default=0) + 1, Use.CURRENT)
    retired = tuple(replace(key, use=Use.RETIRED) for key in held.logs)
    _write(folder, replace(held, logs=(*retired[1 - MAX_KEYS :], fresh)), now, beyond)
    return fresh.key_id


def _rotated(
    folder: KeyFolder, kind: str, keys: Sequence[ListedKey], nation: Nation, plane: Plane
) -> tuple[ListedKey, ...]:
    if all(key.use is not Use.NEXT for key in keys):
        raise UserError("the list names no next key", fix="restore keys/list.json from your copy")
    return _with_next(folder, kind, [replace(key, use=LATER[key.use]) for key in keys], nation, plane)


def _with_next(
    folder: KeyFolder, kind: str, keys: Sequence[ListedKey], nation: Nation, plane: Plane
) -> tuple[ListedKey, ...]:
    """One more key, under a number that no file and no list has used. Of the retired, the newest stay; what
    is revoked stays longest: dropped from the list it would be as unknown as ever, and its past with it."""
    numbers = [_number(key.key_id) for key in keys]
    numbers += [_number(path.stem) for path in folder.all_of(kind)]
    fresh = new_key(folder, kind, nation, plane, max(numbers) + 1, Use.NEXT)
    order = sorted(
        keys, key=lambda key: (key.use is not Use.RETIRED, key.revoked is not None, _number(key.key_id))
    )
    kept = order[max(0, len(order) + 1 - MAX_KEYS) :]
    return tuple(sorted((*kept, fresh), key=lambda key: _number(key.key_id)))


def _number(name: str) -> int:
    digits = name.rpartition("-")[2].removeprefix("E")
    return int(digits) if digits.isdecimal() else 0


def _write(folder: KeyFolder, keys: KeyList, now: Instant, beyond: int) -> Believed:
    root = read_release_key(folder.root_key)
    if bytes.fromhex(root.public_hex) != read_root(folder):
        raise UserError(
            f"{folder.root_key} is not the root key that partners know", fix="restore it from your copy"
        )
    keys = replace(keys, version=max(keys.version, beyond) + 1, made_wall_ns=now)
    signed = signed_list(keys, root)
    write_list(folder, signed)
    return Believed(bytes.fromhex(root.public_hex), signed, keys)
