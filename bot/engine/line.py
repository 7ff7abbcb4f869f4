"""The line of those who wait: one from each person in turn, first come first served within a person.

Plain Python over plain state; the scheduler of a later engine admits in this order too.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """Items waiting under the key of a person. Iterating gives the order in which they would be served."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, deque[T]] = OrderedDict()

    def add(self, person: str, item: T) -> None:
        """Join the line."""
        self._turns.setdefault(person, deque()).append(item)

    def add_first(self, person: str, item: T) -> None:
        """Stand before everyone: for an item that was served already and has to be served again."""
        self._turns.setdefault(person, deque()).appendleft(item)
        self._turns.move_to_end(person, last=False)

    def pop(self) -> T:
        """The next item; its person's others wait until everyone else had a turn.

        Raises:
            KeyError: nobody waits.
        """
        person, items = self._turns.popitem(last=False)
        item = items.popleft()
        if items:
            self._turns[person] = items
        return item

    def remove(self, person: str, item: T) -> bool:
        """Leave the line; whether the item stood in it."""
        items = self._turns.get(person)
        if items is None or item not in items:
            return False
        items.remove(item)
        if not items:
            del self._turns[person]
        return True

    def __len__(self) -> int:
        return sum(len(items) for items in self._turns.values())

    def __iter__(self) -> Iterator[T]:
        rounds = max((len(items) for items in self._turns.values()), default=0)
        for depth in range(rounds):
            for items in self._turns.values():
                if depth < len(items):
                    yield items[depth]
