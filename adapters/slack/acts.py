"""What people press under answers, and the modal that some of it opens.

An answer is found by the message that its buttons stand under, or by the name in a button's value; nothing is kept in
this process, so messages of any age work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.blocks import (
    BAD,
    BETTER,
    CHANGE,
    CONTINUE,
    FEEDBACK,
    PICK,
    RATE,
    REASON,
    REGENERATE,
    SHARE,
    STOP,
    SUGGEST,
    USE,
    modal,
)
from adapters.slack.desk import Desk
from adapters.slack.errors import as_ours
from adapters.slack.lines import say
from adapters.slack.places import ref_of, time_of
from bot.chat.faults import sentence
from bot.domain.messages import (
    Change,
    ContinueReply,
    MessageRef,
    OnAnswer,
    PickPicture,
    RateReply,
    RegenerateReply,
    ReviseReply,
    ShareReply,
    StopReply,
    SuggestAnswer,
)
from bot.domain.places import Person, Place
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import DeliveryError, PersonError, StorageError

log = structlog.get_logger(__name__)

Payload = dict[str, Any]

_ASKING = re.compile("|".join((REGENERATE, CONTINUE, rf"{PICK}_\d+", SHARE, USE, CHANGE)))


@dataclass(frozen=True, slots=True)
class Press:
    """Who pressed or chose what under which answer, and where one can answer them."""

    event_id: str
    by: Person
    place: Place
    answer: MessageRef
    name: str
    value: str
    action_ts: str
    trigger: str
    response_url: str


class Acts:
    """The listeners for buttons, menus and modals."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def listen(self, app: AsyncApp) -> None:
        """Register every button, the modal, and whatever else may be pressed, which is only acknowledged."""
        acts: Mapping[str | re.Pattern[str], Callable[[Press], Awaitable[None]]] = {
            RATE: self._rate,
            SUGGEST: self._suggest,
            STOP: self._stop,
            _ASKING: self._ask,
        }
        for name, act in acts.items():
            app.action(name)(self._listener(act))
        app.action(re.compile(""))(self.on_other)
        app.view(FEEDBACK)(self.on_feedback)

    def _listener(self, act: Callable[[Press], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def pressed(ack: AsyncAck, body: Payload, action: Payload) -> None:
            press = await self._press(body, action)
            try:
                # Kept first, acknowledged then.
                await act(press)
            except (PersonError, StorageError) as error:
                self._answer(press, sentence(error, press.by.locale))
            finally:
                await ack()
                self._desk.interactions.acknowledged(press.event_id)

        return pressed

    async def on_other(self, ack: AsyncAck) -> None:
        """Nothing of ours."""
        await ack()

    async def _press(self, body: Payload, action: Payload) -> Press:
        container = body["container"]
        channel = container.get("channel_id") or body["channel"]["id"]
        thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts", "")
        chosen = action.get("selected_option") or action
        value, _, carrier = str(chosen.get("value", "")).partition(" ")
        return Press(
            event_id=self._desk.take(body),
            by=await self._desk.people.person(body["user"]["id"]),
            place=self._desk.place(channel, thread),
            answer=ref_of(channel, carrier or container["message_ts"]),
            name=action["action_id"],
            value=value,
            action_ts=action["action_ts"],
            trigger=body["trigger_id"],
            response_url=body.get("response_url", ""),
        )

    # --- what each does ---------------------------------------------------------------------------------------------

    async def _rate(self, press: Press) -> None:
        """A vote; a bad one opens the modal that asks why, and for a better answer."""
        verdict = Verdict.BAD if press.value == BAD else Verdict.GOOD
        at = time_of(press.action_ts)
        if not await self._desk.core.rate(RateReply(press.answer, press.by, verdict, RatingSource.BUTTON, at)):
            self._answer(press, say("gone", press.by.locale))
        elif verdict is Verdict.BAD:
            self._desk.tasks.spawn(self._open(press, reason=True), "feedback modal")
        else:
            self._answer(press, say("rated.good", press.by.locale))

    async def _suggest(self, press: Press) -> None:
        self._desk.tasks.spawn(self._open(press, reason=False), "suggestion modal")

    async def _ask(self, press: Press) -> None:
        """Something is made of the answer: another one, its continuation, a change, a message for all."""
        told = (press.event_id, press.place, press.answer, press.by, self._desk.clock.now())
        if await self._desk.core.accept(_asked(press, told)) is None:
            self._answer(press, say("gone", press.by.locale))

    async def _stop(self, press: Press) -> None:
        if not await self._desk.core.stop(StopReply(press.place, press.by, press.answer)):
            self._answer(press, say("nothing_to_stop", press.by.locale))

    # --- the modal --------------------------------------------------------------------------------------------------

    async def _open(self, press: Press, *, reason: bool) -> None:
        about = {"channel": press.answer.channel, "message": press.answer.message, "thread": press.place.thread}
        view = modal(press.by.locale, json.dumps(about), reason=reason)
        try:
            with as_ours("views.open"):
                await self._desk.client.views_open(trigger_id=press.trigger, view=view)
        except DeliveryError as error:
            # A trigger lasts three seconds.
            log.warning("modal not opened", answer=press.answer.message, error=str(error))
            self._answer(press, say("modal.late", press.by.locale))

    async def on_feedback(self, ack: AsyncAck, body: Payload, view: Payload) -> None:
        """The modal was sent: kept first, then closed; if it cannot be kept, it stays open and says why."""
        by = await self._desk.people.person(body["user"]["id"])
        about = json.loads(view["private_metadata"])
        answer = ref_of(about["channel"], about["message"])
        reason, better = (_typed(view, name) for name in (REASON, BETTER))
        try:
            thanks = await self._keep(answer, by, reason, better)
        except (PersonError, StorageError) as error:
            block = view["blocks"][0]["block_id"]
            await ack(response_action="errors", errors={block: sentence(error, by.locale)})
            return
        await ack()
        if thanks:
            self._desk.tell(self._desk.place(about["channel"], about["thread"]), by, say(thanks, by.locale))

    async def _keep(self, answer: MessageRef, by: Person, reason: str, better: str) -> str:
        """What was written; the key of the line that thanks for it."""
        now, thanks = self._desk.clock.now(), ""
        if reason:
            vote = RateReply(answer, by, Verdict.BAD, RatingSource.BUTTON, now, reason=reason)
            thanks = "reasoned" if await self._desk.core.rate(vote) else "gone"
        if better:
            thanks = "suggested" if await self._desk.core.suggest(SuggestAnswer(answer, by, better, now)) else "gone"
        return thanks

    def _answer(self, press: Press, text: str) -> None:
        self._desk.respond(press.response_url, text)


def _asked(press: Press, told: tuple[str, Place, MessageRef, Person, datetime]) -> OnAnswer:
    """What is asked for by pressing; `told` is what all that is asked of answers begins with."""
    match press.name.partition("_")[0]:
        case "regenerate":
            return RegenerateReply(*told)
        case "continue":
            return ContinueReply(*told)
        case "pick":
            return PickPicture(*told, number=int(press.value))
        case "change":
            return ReviseReply(*told, change=Change(press.value))
    return ShareReply(*told)


def _typed(view: Payload, name: str) -> str:
    field = view["state"]["values"].get(name, {}).get(name, {})
    return (field.get("value") or "").strip()
