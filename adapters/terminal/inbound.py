"""A person's lines as what the core is asked. What comes back is an `Outcome`; showing it is left to the loops."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.terminal.commands import CHANGES, HELP, Said, Verb, change_named, read_verb
from adapters.terminal.lines import say
from bot.chat.dispatch import Core
from bot.chat.faults import sentence
from bot.chat.intake import Accepted
from bot.chat.reading import TurnView
from bot.domain.messages import (
    Attachment,
    ContinueReply,
    Control,
    IncomingMessage,
    MessageRef,
    OnAnswer,
    PickPicture,
    Picture,
    RateReply,
    RegenerateReply,
    ReviseReply,
    ShareReply,
    StopReply,
    SuggestAnswer,
)
from bot.domain.places import Person, Place, Platform, owning_place
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import InklingError
from bot.ports import Clock, NewId

PLACE = owning_place(Platform.TERMINAL, "local", "main", direct=True)

# How far back an answer is looked for that can still be rated.
_NEAR = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: something to say at once, an answer to wait for, or a person who leaves."""

    said: str = ""
    failed: bool = False
    accepted: Accepted | None = None
    leaves: bool = False


def message_ref(turn_id: str) -> MessageRef:
    """How the terminal names the message that carries a turn: by the turn's own id."""
    return MessageRef(Platform.TERMINAL, PLACE.channel, turn_id)


class Talk:
    """One person's side of the conversation."""

    def __init__(self, core: Core, person: Person, clock: Clock, new_id: NewId, bot_name: str) -> None:
        self._core = core
        self._person = person
        self._clock = clock
        self._new_id = new_id
        self._bot_name = bot_name
        self.attachments: list[Attachment] = []

    async def take(self, line: str) -> Outcome:
        """Do what a line says. Errors that the person can act on come back as sentences."""
        said = read_verb(line)
        try:
            return await self._ask(line) if said is None else await self._do(said)
        except InklingError as error:
            return Outcome(sentence(error, self._person.locale), failed=True)

    async def stop(self, turn_id: str) -> bool:
        """Stop an answer; whether it was still under way."""
        return await self._core.stop(StopReply(PLACE, self._person, message_ref(turn_id)))

    async def _ask(self, text: str) -> Outcome:
        event = self._new_id()
        message = IncomingMessage(
            event_id=event,
            place=PLACE,
            ref=message_ref(event),
            by=self._person,
            text=text,
            at=self._clock.now(),
            mentions_bot=True,
            attachments=tuple(self.attachments),
        )
        accepted = await self._core.accept(message)
        if accepted is None:
            return self._failed("not_taken")
        self.attachments.clear()
        return Outcome(accepted=accepted)

    async def _do(self, said: Said) -> Outcome:
        match said.verb:
            case Verb.UP:
                return await self._rate(Verdict.GOOD, said.rest)
            case Verb.DOWN:
                return await self._rate(Verdict.BAD, said.rest)
            case Verb.SUGGEST:
                return await self._suggest(said.rest)
            case Verb.AGAIN:
                return await self._regenerate()
            case Verb.MORE:
                return await self._continue()
            case Verb.CHANGE:
                return await self._change(said.rest)
            case Verb.PICK:
                return await self._pick(said.rest)
            case Verb.SHARE:
                return await self._share()
            case Verb.ATTACH:
                return await self._attach(said.rest)
            case Verb.IMAGE:
                return await self._pictures()
            case Verb.HELP:
                return Outcome(self._help())
            case Verb.QUIT:
                return Outcome(leaves=True)
            case None:
                return self._failed("unknown_verb", verb=said.word)

    async def _rate(self, verdict: Verdict, reason: str) -> Outcome:
        answer = await self._latest(Control.RATE)
        if answer is None:
            return self._failed("nothing_to_rate")
        ref, now = message_ref(answer.turn.id), self._clock.now()
        if not await self._core.rate(RateReply(ref, self._person, verdict, RatingSource.TEXT, now, reason)):
            return self._failed("nothing_to_rate")
        return self._fine("rated", mark="👍" if verdict is Verdict.GOOD else "👎")

    async def _suggest(self, text: str) -> Outcome:
        if not text:
            return self._failed("suggest_what")
        answer = await self._latest(Control.SUGGEST)
        if answer is None:
            return self._failed("nothing_to_suggest")
        better = SuggestAnswer(message_ref(answer.turn.id), self._person, text, self._clock.now())
        return self._fine("suggested") if await self._core.suggest(better) else self._failed("nothing_to_suggest")

    async def _regenerate(self) -> Outcome:
        answer = await self._latest(Control.REGENERATE)
        if answer is None:
            return self._failed("nothing_to_regenerate")
        return await self._order(RegenerateReply(*self._about(answer)), "nothing_to_regenerate")

    async def _continue(self) -> Outcome:
        views = [view for view in await self._answers() if not view.turn.aside]
        if not views or Control.CONTINUE not in views[-1].controls:
            return self._failed("nothing_to_continue")
        return await self._order(ContinueReply(*self._about(views[-1])), "nothing_to_continue")

    async def _change(self, word: str) -> Outcome:
        views = [view for view in await self._answers() if view.changes]
        if not views:
            return self._failed("nothing_to_change")
        answer, change = views[-1], change_named(word)
        if change is None or change not in answer.changes:
            known = ", ".join(f"{each} ({CHANGES[each].in_locale(self._person.locale)})" for each in answer.changes)
            return self._failed("change_into_what", changes=known)
        return await self._order(ReviseReply(*self._about(answer), change), "nothing_to_change")

    async def _pick(self, word: str) -> Outcome:
        answer = await self._latest(Control.PICK)
        if answer is None:
            return self._failed("nothing_to_pick")
        count = len(answer.turn.pictures)
        if not word.isdecimal() or not 1 <= int(word) <= count:
            return self._failed("pick_which", count=count)
        return await self._order(PickPicture(*self._about(answer), int(word)), "nothing_to_pick")

    async def _share(self) -> Outcome:
        answer = await self._latest(Control.SHARE)
        if answer is None:
            return self._failed("nothing_to_share")
        return await self._order(ShareReply(*self._about(answer)), "nothing_to_share")

    def _about(self, answer: TurnView) -> tuple[str, Place, MessageRef, Person, datetime]:
        """What every event about an answer begins with."""
        return self._new_id(), PLACE, message_ref(answer.turn.id), self._person, self._clock.now()

    async def _order(self, ask: OnAnswer, or_else: str) -> Outcome:
        """Have something made from an answer; the line of this key where it went away meanwhile."""
        accepted = await self._core.accept(ask)
        return Outcome(accepted=accepted) if accepted else self._failed(or_else)

    async def _attach(self, words: str) -> Outcome:
        if not words:
            return self._failed("attach_what")
        path, size = await asyncio.to_thread(_found, words.strip("\"'"))
        if size is None:
            return self._failed("no_file", path=path)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.attachments.append(Attachment(path.name, kind, size, str(path)))
        return self._fine("attached", names=", ".join(file.name for file in self.attachments))

    async def _pictures(self) -> Outcome:
        views = [view for view in await self._answers() if view.turn.pictures]
        return Outcome(described(views[-1].turn.pictures)) if views else self._failed("no_picture")

    def _help(self) -> str:
        locale = self._person.locale
        rows = [f":{verb:<8} {HELP[verb].in_locale(locale)}" for verb in Verb]
        return "\n".join([*rows, say("help.keys", locale), say("help.commands", locale, name=self._bot_name)])

    async def _latest(self, control: Control) -> TurnView | None:
        views = [view for view in await self._answers() if control in view.controls]
        return views[-1] if views else None

    async def _answers(self) -> list[TurnView]:
        """The latest answers in their last state, oldest first."""
        views = await self._core.reading.turns(PLACE, self._person, limit=_NEAR)
        return [view for view in views if view.turn.is_by_bot and not view.turn.status.is_open]

    def _fine(self, key: str, **values: object) -> Outcome:
        return Outcome(say(key, self._person.locale, **values))

    def _failed(self, key: str, **values: object) -> Outcome:
        return Outcome(say(key, self._person.locale, **values), failed=True)


def described(pictures: Sequence[Picture]) -> str:
    """A line for each picture: where it is, what it shows, and the parameters that made it."""
    rows = []
    for picture in pictures:
        parameters = ", ".join(f"{name} {value}" for name, value in picture.parameters.items())
        rows.append(f"{picture.path}  {picture.alt}" + (f"  ({parameters})" if parameters else ""))
    return "\n".join(rows)


def _found(words: str) -> tuple[Path, int | None]:
    """The path that a person wrote, and the file's bytes; None when there is none that can be read."""
    path = Path(os.path.expanduser(words)).absolute()
    try:
        with path.open("rb") as file:
            return path, file.seek(0, os.SEEK_END)
    except OSError:
        return path, None
