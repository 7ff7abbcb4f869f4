"""Talk that earned votes, stored for real: one line a fact, everything that a test does not care about filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.conversation import Turn
from bot.domain.generation import PromptMessage, Role, SamplingParams
from bot.domain.messages import Change
from bot.domain.places import Person, Place, Platform
from bot.domain.preferences import Preference, PreferenceName
from bot.domain.ratings import Suggestion, Verdict
from bot.ports import UnitOfWorkFactory
from bot.settings import LearningSettings, Settings
from tests.storage.builders import ADA, NOW, PLACE, answer, item, later, new_id, question, verdict

EVE = Person(Platform.WEB, "eve", "Eve Online")
GUILD = Place(Platform.DISCORD, "guild", "general")


def learning(folder: object, **given: str) -> LearningSettings:
    """Settings as `.env` would give them."""
    return Settings.load({"DATA_FOLDER": str(folder), **given}).learning


def prompt_for(text: str) -> tuple[PromptMessage, ...]:
    """What the model read."""
    return PromptMessage(Role.SYSTEM, "Be kind."), PromptMessage(Role.USER, text)


async def answered(
    units: UnitOfWorkFactory, asks: str = "What is a loom?", *, by: Person = ADA, place: Place = PLACE, **changes: Any
) -> Turn:
    """A stored answer with its prompt; changes are the answer's."""
    given = {"prompt": prompt_for(asks), "sampling": SamplingParams(max_tokens=99), "release": "writer@1a2b3c4d"}
    async with units() as uow:
        conversation = await uow.turns.conversation_of(place, new_id, NOW)
        asked = question(conversation.id, asks, by)
        turn = answer(asked, **{**given, **changes})
        await uow.turns.add(asked, turn)
    return turn


async def answered_again(units: UnitOfWorkFactory, before: Turn, text: str, by: Person = ADA, **changes: Any) -> Turn:
    """Another answer to the same question, asked for by this person; changes are the answer's."""
    again = replace(before, id=new_id(), text=text, **changes)
    event = item()
    event = replace(event, ask=replace(event.ask, by=by), answer_id=again.id)
    async with units() as uow:
        await uow.turns.add(again)
        assert await uow.inbox.add(event)
    return again


async def revised(
    units: UnitOfWorkFactory, before: Turn, text: str, change: Change = Change.SHORTER, by: Person = ADA
) -> Turn:
    """A text made from another one, with a prompt of its own."""
    asked = prompt_for(f"Make this {change}: {before.text}")
    return await answered_again(units, before, text, by, prompt=asked, revises=before.id, change=change)


async def votes(units: UnitOfWorkFactory, turn: Turn, *, good: str = "", bad: str = "", at: float = 0) -> None:
    """Votes of the people of these names, a second apart."""
    async with units() as uow:
        for second, (name, says) in enumerate(
            [*((name, Verdict.GOOD) for name in good.split()), *((name, Verdict.BAD) for name in bad.split())]
        ):
            by = Person(Platform.WEB, name, name)
            await uow.ratings.put(verdict(turn, by, says, rated_at=later(at + second)))


async def suggests(units: UnitOfWorkFactory, turn: Turn, text: str, name: str = "lin", at: float = 0) -> None:
    """A better answer of the person of this name."""
    async with units() as uow:
        await uow.ratings.suggest(Suggestion(new_id(), turn.id, f"web/{name}", text, later(at)))


async def opts_out(units: UnitOfWorkFactory, name: str) -> None:
    """The person of this name keeps theirs out of training."""
    owner = f"web/{name}"
    async with units() as uow:
        await uow.preferences.put(Preference(owner, PreferenceName.OPT_OUT, "yes", owner, NOW))


async def chooses(units: UnitOfWorkFactory, place: Place, choice: str) -> None:
    """An admin turns learning on or off in a place."""
    async with units() as uow:
        await uow.preferences.put(Preference(place.key, PreferenceName.LEARNING, choice, "admin", NOW))
