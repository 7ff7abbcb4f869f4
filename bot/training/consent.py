"""Who may be learned from, as places and people chose; what a choice means is said in `bot.domain.preferences`."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.places import Place
from bot.domain.preferences import PreferenceName, learning_choice, learns_from, may_learn
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
        asked = {(owner, PreferenceName.LEARNING) for place in places for owner in (place.key, place.channel_key)}
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
        return learns_from(place, self._learning(place))

    def is_given_by(self, person: str, place: Place) -> bool:
        """Whether a person's words and votes in a place may be learned from."""
        return may_learn(place, self._learning(place), self.opted_out(person))

    def opted_out(self, person: str) -> bool:
        """Whether a person wants none of theirs to be learned from, wherever it is."""
        return self._choices[person, PreferenceName.OPT_OUT] is not None

    def _learning(self, place: Place) -> str | None:
        chosen = {owner: self._choices[owner, PreferenceName.LEARNING] for owner in (place.key, place.channel_key)}
        return learning_choice(place, {owner: choice for owner, choice in chosen.items() if choice is not None})
