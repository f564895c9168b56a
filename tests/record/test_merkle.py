"""Hashes, roots and proofs against the published vectors of RFC 6962 and an independent library; properties.

Vectors: the reference tree of Certificate Transparency (eight leaves; github.com/transparency-dev/merkle,
proof/verify_test.go and rfc6962/rfc6962_test.go), quoted as facts.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.record.merkle import (
    EMPTY_ROOT,
    Frontier,
    Lookup,
    consistency_proof,
    frontier,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

LEAVES = tuple(
    map(
        bytes.fromhex,
        ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
)
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
L2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
N34 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N58 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
L5 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N78 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N56 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
L7 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
# (leaf, size, path)
INCLUSION = (
    (0, 1, ()),
    (0, 8, (L2, N34, N58)),
    (5, 8, (L5, N78, ROOTS[3])),
    (2, 3, (ROOTS[1],)),
    (1, 5, (ROOTS[0], N34, L5)),
)
# (old size, new size, path)
CONSISTENCY = (
    (1, 1, ()),
    (1, 8, (L2, N34, N58)),
    (6, 8, (N56, N78, ROOTS[3])),
    (2, 5, (N34, L5)),
    (6, 7, (N56, L7, ROOTS[3])),
)


def grow(leaves: tuple[bytes, ...]) -> tuple[list[Frontier], Lookup]:
    """The tree after each append (the empty one first) and all its perfect subtrees."""
    trees, nodes = [Frontier()], {}
    for n, leaf in enumerate(leaves):
        nodes[0, n] = leaf
        tree, made = trees[-1].append(leaf)
        nodes.update({(node.height, node.position): node.sha256 for node in made})
        trees.append(tree)
    return trees, lambda height, position: nodes[height, position]


def raw(path: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, path))


def hashes(size: int) -> tuple[bytes, ...]:
    return tuple(leaf_hash(b"%d" % n) for n in range(size))


def flipped(data: bytes, bit: int) -> bytes:
    return bytes([*data[: bit // 8], data[bit // 8] ^ 1 << bit % 8, *data[bit // 8 + 1 :]])


def test_published_hashes() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert (
        node_hash(b"N123", b"N456").hex()
        == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


def test_published_roots() -> None:
    trees, _ = grow(tuple(map(leaf_hash, LEAVES)))
    assert trees[0].root() == EMPTY_ROOT
    assert [tree.root().hex() for tree in trees[1:]] == list(ROOTS)


@pytest.mark.parametrize(("leaf", "size", "path"), INCLUSION)
def test_published_inclusion_proofs(leaf: int, size: int, path: tuple[str, ...]) -> None:
    _, node = grow(tuple(map(leaf_hash, LEAVES)))
    assert inclusion_proof(leaf, size, node) == raw(path)
    assert verify_inclusion(leaf_hash(LEAVES[leaf]), leaf, size, raw(path), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int, path: tuple[str, ...]) -> None:
    _, node = grow(tuple(map(leaf_hash, LEAVES)))
    older, newer = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
    assert consistency_proof(old, new, node) == raw(path)
    assert verify_consistency(old, new, older, newer, raw(path))


@pytest.mark.parametrize(("leaf", "size", "path"), INCLUSION[1:])
def test_the_reference_suites_corruptions_of_inclusion_proofs(
    leaf: int, size: int, path: tuple[str, ...]
) -> None:
    proof, root, hash_ = raw(path), bytes.fromhex(ROOTS[size - 1]), leaf_hash(LEAVES[leaf])
    assert verify_inclusion(hash_, leaf, size, proof, root)
    for index in (leaf - 1, leaf + 1, leaf ^ 2):
        assert not verify_inclusion(hash_, index, size, proof, root)
    for other in (size * 2, size // 2, 0):
        assert not verify_inclusion(hash_, leaf, other, proof, root)
    for more in ((*proof, b""), (*proof, root), (b"", *proof), (root, *proof), proof[:-1]):
        assert not verify_inclusion(hash_, leaf, size, more, root)
    assert not verify_inclusion(b"WrongLeaf", leaf, size, proof, root)
    assert not verify_inclusion(hash_, leaf, size, proof, EMPTY_ROOT)


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY[1:])
def test_the_reference_suites_corruptions_of_consistency_proofs(
    old: int, new: int, path: tuple[str, ...]
) -> None:
    proof = raw(path)
    one, two = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
    assert verify_consistency(old, new, one, two, proof)
    for other in (old - 1, old + 1, old ^ 2):
        assert not verify_consistency(other, new, one, two, proof)
    for other in (new * 2, new // 2):
        assert not verify_consistency(old, other, one, two, proof)
    assert not verify_consistency(old, new, two, one, proof)
    assert not verify_consistency(old, new, one, b"WrongRoot", proof)
    bad = ((), (*proof, b""), (*proof, one), (*proof, two), (b"", *proof), (one, *proof), (proof[0], *proof))
    for path_ in (*bad, proof[:-1]):
        assert not verify_consistency(old, new, one, two, path_)


def test_consistency_at_the_edges() -> None:
    some, other = leaf_hash(b"1"), leaf_hash(b"2")
    assert verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    assert verify_consistency(0, 5, EMPTY_ROOT, some, ())
    assert verify_consistency(5, 5, some, some, ())
    # An empty tree has one root: the reference verifier leaves that to its caller, here it is checked.
    assert not verify_consistency(0, 5, other, some, ())
    assert not verify_consistency(5, 5, some, other, ())
    assert not verify_consistency(0, 5, EMPTY_ROOT, some, (some,))
    assert not verify_consistency(5, 5, some, some, (some,))
    assert not verify_consistency(2, 1, some, some, ())
    with pytest.raises(ValueError, match="no proof"):
        consistency_proof(2, 1, lambda _h, _p: some)
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(3, 3, lambda _h, _p: some)


def test_roots_and_paths_are_those_of_an_independent_library() -> None:
    pymerkle = pytest.importorskip("pymerkle", reason="NOT TESTED against pymerkle: it is not installed")
    other = pymerkle.InmemoryTree(algorithm="sha256")
    size = 40
    for n in range(size):
        other.append_entry(b"%d" % n)
    trees, node = grow(hashes(size))
    for new in range(1, size + 1):
        assert trees[new].root() == other.get_root(new)
        for index in range(new):
            theirs = other.prove_inclusion(index + 1, new)
            assert (leaf_hash(b"%d" % index), *inclusion_proof(index, new, node)) == tuple(theirs.path)
        for old in range(1, new):
            # Its paths are not RFC 6962's (they go down to leaves), so it is the roots that are compared.
            older, newer = trees[old].root(), trees[new].root()
            pymerkle.verify_consistency(older, newer, other.prove_consistency(old, new))
            assert verify_consistency(old, new, older, newer, consistency_proof(old, new, node))


@given(size=st.integers(1, 70), data=st.data())
def test_every_leaf_has_a_proof_and_no_changed_bit_keeps_it(size: int, data: st.DataObject) -> None:
    leaves = hashes(size)
    trees, node = grow(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, node), trees[size].root()
    assert verify_inclusion(leaves[index], index, size, proof, root)
    bit = data.draw(st.integers(0, 255))
    assert not verify_inclusion(flipped(leaves[index], bit), index, size, proof, root)
    assert not verify_inclusion(leaves[index], index, size, proof, flipped(root, bit))
    for n, step in enumerate(proof):
        changed = (*proof[:n], flipped(step, bit), *proof[n + 1 :])
        assert not verify_inclusion(leaves[index], index, size, changed, root)
    for other in range(size):
        assert verify_inclusion(leaves[index], other, size, proof, root) == (other == index)


@given(sizes=st.tuples(st.integers(1, 70), st.integers(1, 70)).map(sorted), data=st.data())
def test_any_two_sizes_are_consistent_and_no_changed_bit_is(sizes: list[int], data: st.DataObject) -> None:
    old, new = sizes
    trees, node = grow(hashes(new))
    proof, older, newer = consistency_proof(old, new, node), trees[old].root(), trees[new].root()
    assert verify_consistency(old, new, older, newer, proof)
    bit = data.draw(st.integers(0, 255))
    assert not verify_consistency(old, new, flipped(older, bit), newer, proof)
    assert not verify_consistency(old, new, older, flipped(newer, bit), proof)
    for n, step in enumerate(proof):
        changed = (*proof[:n], flipped(step, bit), *proof[n + 1 :])
        assert not verify_consistency(old, new, older, newer, changed)


@given(old=st.integers(1, 60), more=st.integers(1, 10), at=st.integers(0, 59))
def test_a_rewritten_past_has_no_consistency_proof(old: int, more: int, at: int) -> None:
    leaves = hashes(old + more)
    forged = (*leaves[: at % old], leaf_hash(b"forged"), *leaves[at % old + 1 :])
    honest, _ = grow(leaves)
    other, node = grow(forged)
    proof = consistency_proof(old, old + more, node)
    assert not verify_consistency(old, old + more, honest[old].root(), other[-1].root(), proof)


@given(st.integers(0, 300))
def test_the_frontier_read_back_is_the_one_that_grew(size: int) -> None:
    trees, node = grow(hashes(size))
    assert frontier(size, node) == trees[size]
    assert len(trees[size].peaks) == size.bit_count()


def test_an_append_makes_one_subtree_on_average_and_log_n_at_most() -> None:
    tree, made = Frontier(), []
    for leaf in hashes(1024):
        tree, nodes = tree.append(leaf)
        made.append(len(nodes))
    assert sum(made) == 1023
    assert max(made) == 10
