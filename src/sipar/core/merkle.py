"""Merkle trees over a growing list of leaves, as in RFC 6962 and RFC 9162: roots, growth and proofs.

Leaf hash: SHA-256(0x00 || entry). Node hash: SHA-256(0x01 || left || right). The frontier is the list of roots of
the perfect subtrees that the size decomposes into, largest first; it suffices to append and to compute the root.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def grow(frontier: list[bytes], size: int, leaves: Iterable[bytes]) -> tuple[list[bytes], int]:
    """The frontier and size after appending leaf hashes to a tree of `size` leaves. The input is not changed."""
    stack = list(frontier)
    for leaf in leaves:
        stack.append(leaf)
        size += 1
        for _ in range((size & -size).bit_length() - 1):
            right = stack.pop()
            stack.append(node_hash(stack.pop(), right))
    return stack, size


def root_of(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree that this frontier stands for."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for subtree in reversed(frontier[:-1]):
        root = node_hash(subtree, root)
    return root


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash over leaf hashes, from scratch."""
    return root_of(grow([], 0, leaves)[0])


def inclusion_proof(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The audit path of one leaf (RFC 9162, 2.1.3.1), lowest node first. Raises IndexError outside the tree."""
    if not 0 <= position < len(leaves):
        raise IndexError(position)
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        following = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            following.append(level[-1])
        level = following
        position //= 2
    return path


def verify_inclusion(leaf: bytes, position: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether the path leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    first, last = position, size - 1
    current = leaf
    for node in path:
        if last == 0:
            return False
        if first % 2 or first == last:
            current = node_hash(node, current)
            while first % 2 == 0 and first:
                first //= 2
                last //= 2
        else:
            current = node_hash(current, node)
        first //= 2
        last //= 2
    return last == 0 and current == expected_root
