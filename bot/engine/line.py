"""The line of those who wait, fair to people first and to places second, as the core's own line is.

Everyone's first comes before anyone's second. Who has waited longest since they joined or were served last is next, and
of people who joined together the places take turns. Who comes later stands behind, so nobody waits for ever. Plain
Python over plain state.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Person(Generic[T]):
    """One who waits: since when, as the number of items served until then, and for which places' items."""

    since: int
    items: deque[tuple[str, T]] = field(default_factory=deque)


class Line(Generic[T]):
    """Items waiting under the keys of a person and a place. Iterating gives the order in which they would be served."""

    def __init__(self) -> None:
        self._again: deque[T] = deque()
        self._served = 0
        # Only those who wait are remembered: people in the order in which they came, and places with how many wait.
        self._people: dict[str, _Person[T]] = {}
        self._waiting_at: Counter[str] = Counter()
        self._served_at: dict[str, int] = {}

    def add(self, person: str, place: str, item: T) -> None:
        """Join the line."""
        self._people.setdefault(person, _Person(self._served)).items.append((place, item))
        self._waiting_at[place] += 1
        self._served_at.setdefault(place, self._served)

    def add_first(self, item: T) -> None:
        """Stand before everyone: for an item that was served already and has to be served again."""
        self._again.appendleft(item)

    def pop(self) -> T:
        """The next item; its person's others wait until everyone else had a turn.

        Raises:
            IndexError: nobody waits.
        """
        if self._again:
            return self._again.popleft()
        person = self._in_turn()[0]
        place, item = self._people[person].items[0]
        self._served += 1
        self._people[person].since = self._served_at[place] = self._served
        self._take_out(person, place, item)
        return item

    def remove(self, item: T) -> bool:
        """Leave the line; whether the item stood in it."""
        if item in self._again:
            self._again.remove(item)
            return True
        for person, waiting in self._people.items():
            for place, theirs in waiting.items:
                if theirs is item:
                    self._take_out(person, place, item)
                    return True
        return False

    def __len__(self) -> int:
        return len(self._again) + self._waiting_at.total()

    def __iter__(self) -> Iterator[T]:
        yield from self._again
        people = [self._people[person].items for person in self._in_turn()]
        for depth in range(max(map(len, people), default=0)):
            for items in people:
                if depth < len(items):
                    yield items[depth][1]

    def _take_out(self, person: str, place: str, item: T) -> None:
        items = self._people[person].items
        items.remove((place, item))
        if not items:
            del self._people[person]
        self._waiting_at[place] -= 1
        if not self._waiting_at[place]:
            del self._waiting_at[place], self._served_at[place]

    def _in_turn(self) -> list[str]:
        """The people in the order in which their first items are served."""
        order: list[str] = []
        served_at = dict(self._served_at)
        by_since = sorted(self._people, key=lambda person: self._people[person].since)
        for _, together in groupby(by_since, key=lambda person: self._people[person].since):
            beside: Counter[str] = Counter()
            turns = {}
            for person in together:
                place = self._people[person].items[0][0]
                turns[person] = (beside[place], served_at[place])
                beside[place] += 1
            for person in sorted(turns, key=turns.__getitem__):
                order.append(person)
                served_at[self._people[person].items[0][0]] = self._served + len(order)
        return order
