"""Where keys and values live: slots for the running requests, and the prefixes of those that ended.

Plain bookkeeping over numbers and one opaque tensor operation (slicing); the tensor itself is the runner's.

- `Slots` hands out ranges of places by the buddy system (Knuth, The Art of Computer Programming, 2.5): capacities are
  powers of two, the lowest address first, so that requests of one capacity lie side by side and are read in one call.
- `Prefixes` is a radix tree over tokens, as in SGLang's RadixAttention (https://arxiv.org/abs/2312.07104): two
  conversations that begin alike share what they have in common, and the least recently used leaves go first. Each
  release has a tree of its own, because its keys and values are its own; the budget is one.
- `Traces` knows what still lies in the places of a request that ended, so that the next turn of a conversation that
  comes back to them copies nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_SMALLEST = 128


@dataclass(frozen=True, slots=True)
class Slot:
    """A range of places for one request's keys and values."""

    start: int
    capacity: int


def capacity_for(tokens: int) -> int:
    """The bucket of capacity that holds so many tokens."""
    return max(_SMALLEST, 1 << (tokens - 1).bit_length())


class Slots:
    """Ranges within so many places, which are rounded down to whole ranges of the largest capacity (at least one)."""

    def __init__(self, places: int, largest: int) -> None:
        top = capacity_for(largest)
        count = max(1, places // top)
        self.places = count * top
        self._free: dict[int, set[int]] = {top: {index * top for index in range(count)}}

    def take(self, tokens: int) -> Slot | None:
        """The lowest free range that holds so many tokens; None when there is none now."""
        capacity = capacity_for(tokens)
        sizes = [size for size, starts in self._free.items() if size >= capacity and starts]
        if not sizes:
            return None
        size = min(sizes)
        start = min(self._free[size])
        self._free[size].remove(start)
        while size > capacity:
            size //= 2
            self._free.setdefault(size, set()).add(start + size)
        return Slot(start, capacity)

    def give(self, slot: Slot) -> None:
        """Take a range back, and join it with its free neighbours."""
        start, size = slot.start, slot.capacity
        top = max(self._free)
        while size < top and (buddy := start ^ size) in self._free.get(size, ()):
            self._free[size].remove(buddy)
            start, size = min(start, buddy), size * 2
        self._free.setdefault(size, set()).add(start)


@dataclass(slots=True, eq=False)
class _Node:
    """Tokens that follow the parent's, and their keys and values: a tensor [layers, tokens, ...]."""

    tokens: list[int]
    values: Tensor | None
    parent: _Node | None
    used: int
    children: dict[int, _Node] = field(default_factory=dict)


class Prefixes:
    """The keys and values of token sequences as each owner (a release's weights) computed them, at most `places` tokens
    in all."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._clock = 0
        self._roots: dict[Hashable, _Node] = {}
        self.kept = 0

    def find(self, owner: Hashable, tokens: Sequence[int]) -> list[Tensor]:
        """Keys and values of the longest kept prefix, in order."""
        root = self._roots.get(owner)
        return [] if root is None else [values for _, values in self._walk(root, tokens)]

    def keep(self, owner: Hashable, tokens: Sequence[int], read: Callable[[int, int], Tensor]) -> None:
        """Keep a sequence; `read(start, end)` gives a copy of the keys and values of these tokens of it."""
        if len(tokens) > self._places:
            tokens = tokens[: self._places]
        root = self._roots.setdefault(owner, _Node([], None, None, 0))
        node, at = root, 0
        for node, values in list(self._walk(root, tokens)):
            length = values.shape[1]
            at += length
            if length < len(node.tokens):
                node = self._split(node, length)
        if at == len(tokens):
            return
        self._make_room(len(tokens) - at, node)
        new = _Node(list(tokens[at:]), read(at, len(tokens)), node, self._clock)
        node.children[new.tokens[0]] = new
        self.kept += len(new.tokens)

    def forget(self, owner: Hashable) -> None:
        """Forget all of one owner's."""
        root = self._roots.pop(owner, None)
        if root is not None:
            self.kept -= sum(len(node.tokens) for node in self._nodes(root))

    def _walk(self, node: _Node, tokens: Sequence[int]) -> Iterator[tuple[_Node, Tensor]]:
        """The nodes along these tokens from a root, each with as much of its values as is in common; all count as used
        now."""
        self._clock += 1
        at = 0
        while at < len(tokens) and (child := node.children.get(tokens[at])) is not None:
            child.used = self._clock
            length = _common(child.tokens, tokens[at : at + len(child.tokens)])
            assert child.values is not None
            yield child, child.values[:, :length]
            if length < len(child.tokens):
                return
            node, at = child, at + length

    def _split(self, node: _Node, length: int) -> _Node:
        """Cut a node in two, and return the first part. Both own their values, so that one can go without the other."""
        assert node.values is not None
        assert node.parent is not None
        first = _Node(node.tokens[:length], node.values[:, :length].clone(), node.parent, node.used)
        node.parent.children[first.tokens[0]] = first
        node.tokens, node.values, node.parent = node.tokens[length:], node.values[:, length:].clone(), first
        first.children[node.tokens[0]] = node
        return first

    def _make_room(self, tokens: int, spared: _Node) -> None:
        """Drop the leaves used longest ago until so many tokens have room."""
        path = set()
        step: _Node | None = spared
        while step is not None:
            path.add(id(step))
            step = step.parent
        while self.kept + tokens > self._places:
            nodes = (node for root in self._roots.values() for node in self._nodes(root))
            leaves = [node for node in nodes if not node.children and node.parent is not None and id(node) not in path]
            for leaf in sorted(leaves, key=lambda leaf: leaf.used):
                self._drop(leaf)
                if self.kept + tokens <= self._places:
                    break

    def _nodes(self, top: _Node) -> Iterator[_Node]:
        stack = [top]
        while stack:
            node = stack.pop()
            stack.extend(node.children.values())
            yield node

    def _drop(self, leaf: _Node) -> None:
        assert leaf.parent is not None
        del leaf.parent.children[leaf.tokens[0]]
        self.kept -= len(leaf.tokens)


class Traces:
    """What requests left in places that nobody took since: by its first place, the owner and the tokens."""

    def __init__(self) -> None:
        self._left: dict[int, tuple[Hashable, Sequence[int]]] = {}

    def leave(self, owner: Hashable, slot: Slot, tokens: Sequence[int]) -> None:
        """These tokens' keys and values lie in a slot that is given back."""
        self._left[slot.start] = (owner, tokens)

    def enter(self, owner: Hashable, slot: Slot, tokens: Sequence[int]) -> int:
        """How many of these tokens lie in a slot that is taken; for others, what was left in it is gone."""
        before, left = self._left.get(slot.start, (None, ()))
        end = slot.start + slot.capacity
        self._left = {
            start: trace for start, trace in self._left.items() if start >= end or start + len(trace[1]) <= slot.start
        }
        return _common(left, tokens) if before is owner else 0

    def forget(self, owner: Hashable) -> None:
        """Forget all of one owner's."""
        self._left = {start: trace for start, trace in self._left.items() if trace[0] is not owner}


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens two sequences begin with in common."""
    if left == right:
        return len(left)
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
