"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): hashing, growth, proofs and their check.

In here: arithmetic on hashes. Not in here: where the hashes of perfect subtrees are kept; whoever keeps them
hands in a `Lookup`. A tree of n leaves has at most n - 1 perfect subtrees above its leaves, each made once,
so appending costs one hash on average and O(log n) at most.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
"""SHA-256."""
_LEAF = b"\x00"
_NODE = b"\x01"
# RFC 6962 section 2.1: without the prefixes an inner node could be passed off as a leaf.

EMPTY_ROOT = sha256(b"").digest()
"""Root of no leaves (RFC 6962 section 2.1)."""

Lookup = Callable[[int, int], bytes]
"""(height, position) -> hash of the perfect subtree over 2**height leaves, after `position` times as many.
Height 0 is the leaf's own hash."""


class Node(NamedTuple):
    """A perfect subtree that an append completed (height >= 1)."""

    height: int
    position: int
    sha256: bytes


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf with this content."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(_NODE + left + right).digest()


class Frontier(NamedTuple):
    """All that an append or the root needs: the roots of the maximal perfect subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple["Frontier", tuple[Node, ...]]:
        """The frontier with one more leaf hash, and the perfect subtrees that it completed, lowest first."""
        peaks, made, top = list(self.peaks), [], leaf
        height = 0
        while self.size >> height & 1:
            top = node_hash(peaks.pop(), top)
            height += 1
            made.append(Node(height, self.size >> height, top))
        return Frontier(self.size + 1, (*peaks, top)), tuple(made)

    def root(self) -> bytes:
        """Root of the whole tree; EMPTY_ROOT of an empty one."""
        if not self.peaks:
            return EMPTY_ROOT
        top = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            top = node_hash(peak, top)
        return top


def frontier(size: int, node: Lookup) -> Frontier:
    """The frontier of the first `size` leaves, read back from where the subtrees are kept."""
    peaks, begin = [], 0
    for height in range(size.bit_length() - 1, -1, -1):
        if size >> height & 1:
            peaks.append(node(height, begin >> height))
            begin += 1 << height
    return Frontier(size, tuple(peaks))


def inclusion_proof(index: int, size: int, node: Lookup) -> tuple[bytes, ...]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1, the leaf's sibling first. ValueError: no such leaf."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_root(middle, end, node))
            end = middle
        else:
            path.append(_range_root(begin, middle, node))
            begin = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, node: Lookup) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2; empty for old = 0 or new. ValueError: old > new."""
    if not 0 <= old <= new:
        raise ValueError(f"no proof leads from {old} leaves to {new}")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    begin, end = 0, new
    # RFC 6962's flag b: the old tree's own root is known to the verifier and stays out of the proof.
    known = True
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range_root(middle, end, node))
            end = middle
        else:
            path.append(_range_root(begin, middle, node))
            begin, known = middle, False
    if not known:
        path.append(_range_root(begin, end, node))
    return tuple(reversed(path))


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that this proof leads to (RFC 9162 section 2.1.3.2); None when it has the wrong form."""
    if not 0 <= index < size or not _hashes(leaf, *proof):
        return None
    fn, sn, top = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            top = node_hash(step, top)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            top = node_hash(top, step)
        fn, sn = fn >> 1, sn >> 1
    return top if sn == 0 else None


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """True when the leaf hash stands at `index` of the tree of `size` leaves with this root."""
    return root_from_inclusion(leaf, index, size, proof) == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """True when the tree `new_root` begins with the tree `old_root` (RFC 9162 section 2.1.4.2).

    Of the new size the proof binds only what its path needs: who holds the leaves recomputes the root.
    """
    if not 0 <= old <= new or not _hashes(old_root, new_root, *proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            newer = node_hash(newer, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and older == old_root and newer == new_root


def _split(width: int) -> int:
    """Leaves under the left child: the largest power of two below `width` (>= 2)."""
    return 1 << (width - 1).bit_length() - 1


def _range_root(begin: int, end: int, node: Lookup) -> bytes:
    """MTH(D[begin:end]) of a range that the RFC's splits lead to: `begin` is a multiple of its left part."""
    width = end - begin
    if width & (width - 1) == 0:
        height = width.bit_length() - 1
        return node(height, begin >> height)
    middle = begin + _split(width)
    return node_hash(_range_root(begin, middle, node), _range_root(middle, end, node))


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
