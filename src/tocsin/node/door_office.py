"""Who this door is, read from the node's folder: keys, trust lists, policy. Read again when a file changes.

A rotation or a revocation (`tocsin trust`) is picked up by the running door: its own keys are files of its
own machine, so a restart would add nothing but a pause. The policy stays as it was at the start: it is
compared with its law text before a door opens.
"""

from collections.abc import Mapping
from pathlib import Path

from tocsin.errors import UserError
from tocsin.node.config import NodeConfig
from tocsin.node.door_words import Office
from tocsin.node.keys import ENCRYPTION, LOG, ROLES, SIGNING, KeyFolder, first_end
from tocsin.node.log_words import PERIOD_NS, LogOffice
from tocsin.node.policy_file import load_policy
from tocsin.node.trust import own_entry, read_trust
from tocsin.node.watching import watchers_of
from tocsin.release._key import ReleaseKey, load_decryption_keys, load_release_key
from tocsin.release.terms import Policy
from tocsin.share.keylist import KeyList, Use
from tocsin.share.trust import TrustList

LOOK_S = 1.0
"""Between two looks at the files: as often as the heartbeat that tells partners of a new list."""

Stamp = tuple[tuple[str, int], ...]


def open_office(config: NodeConfig) -> Office:
    """The office at the start. UserError for keys, lists or a policy that are missing or wrong."""
    return with_keys(config, load_policy(config))


def with_keys(config: NodeConfig, policy: Policy) -> Office:
    """The office with keys and lists as they are now. UserError when they contradict each other."""
    folder = KeyFolder(config.keys_dir)
    own = own_entry(config.nation, config.plane, folder).believed
    held = {key.key_id: key for key in map(load_release_key, folder.all_of(SIGNING))}
    current = own.keys.of_use(Use.CURRENT)
    signer = held.pop(current.key_id, None) if current is not None else None
    if signer is None or current is None or signer.public != current.public:
        raise UserError(
            f"{folder.door} does not hold the key that the trust list calls current",
            fix="restore the folder keys from your copy",
        )
    log_keys = {key.key_id: key for key in map(load_release_key, folder.all_of(LOG))}
    partners = read_trust(config.trust_dir, config.plane)
    return Office(
        nation=config.nation,
        plane=config.plane,
        topology=config.topology,
        trust=TrustList({}),
        signer=signer,
        policy=policy,
        former=tuple(held.values()),
        watchers=watchers_of(config),
        own=own,
        lists={n: entry.believed for n, entry in partners.items() if n is not config.nation},
        log=_log_office(config, own.keys, log_keys),
        certificate_until_ns=first_end(folder),
        decrypt=load_decryption_keys(folder.all_of(ENCRYPTION)),
    )


def _log_office(config: NodeConfig, keys: KeyList, held: Mapping[str, ReleaseKey]) -> LogOffice | None:
    """Null for a nation whose list names no log key. Partners' keys follow from their lists (door_trust)."""
    if keys.signs_logs is None:
        return None
    generation, key = keys.signs_logs
    signer = held.get(key.key_id)
    if signer is None or signer.public != key.public:
        raise UserError(
            f"{config.keys_dir} does not hold the log key that the trust list calls current",
            fix="restore the folder keys from your copy",
        )
    return LogOffice(generation, signer, {}, PERIOD_NS[config.plane])


def stamp(config: NodeConfig) -> Stamp:
    """Changes when any of the files does."""
    folder = KeyFolder(config.keys_dir)
    paths = [
        folder.key_list,
        *(folder.certificate(role) for role in ROLES),
        *sorted(config.trust_dir.glob("*.json")),
    ]
    return tuple((path.name, _mtime_ns(path)) for path in paths)


def _mtime_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
