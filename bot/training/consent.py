"""Who may be learned from, as places and people chose; what a choice means is said in `bot.domain.preferences`."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.places import Place
from bot.domain.preferences import PreferenceName, learns_from, may_learn
from bot.ports import UnitOfWorkFactory


class Consent:
    """The choices of the places and people that were asked about, each read once."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units
        self._choices: dict[tuple[str, PreferenceName], str | None] = {}

    async def ask(self, places: Iterable[Place], people: Iterable[str]) -> None:
        """Read what these chose, where it is not known yet.

        Raises:
            StorageError: the database cannot be read.
        """
        asked = {(place.key, PreferenceName.LEARNING) for place in places}
        asked |= {(person, PreferenceName.OPT_OUT) for person in people}
        asked -= self._choices.keys()
        if not asked:
            return
        async with self._units.reading() as uow:
            for owner, name in sorted(asked):
                choice = await uow.preferences.get(owner, name)
                self._choices[owner, name] = choice.value if choice else None

    def is_given(self, place: Place) -> bool:
        """Whether the place is learned from."""
        return learns_from(place, self._choices[place.key, PreferenceName.LEARNING])

    def is_given_by(self, person: str, place: Place) -> bool:
        """Whether a person's words and votes in a place may be learned from."""
        return may_learn(place, self._choices[place.key, PreferenceName.LEARNING], self.opted_out(person))

    def opted_out(self, person: str) -> bool:
        """Whether a person wants none of theirs to be learned from, wherever it is."""
        return self._choices[person, PreferenceName.OPT_OUT] is not None
