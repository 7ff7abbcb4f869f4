"""What people press under answers, and the modal that some of it opens.

An answer is found by the message that its buttons stand under, or by the name in a button's value; nothing is kept in
this process, so messages of any age work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.asides import Interactions
from adapters.slack.blocks import BAD, BETTER, CONTINUE, FEEDBACK, RATE, REASON, REGENERATE, STOP, SUGGEST, modal
from adapters.slack.client import PacedClient
from adapters.slack.errors import as_ours
from adapters.slack.identity import Me
from adapters.slack.lines import say
from adapters.slack.people import People
from adapters.slack.places import place_of, ref_of, time_of
from adapters.slack.posting import Poster, Spot
from adapters.slack.tasks import Tasks
from bot.chat.dispatch import Core
from bot.chat.faults import sentence
from bot.domain.messages import (
    ContinueReply,
    MessageRef,
    RateReply,
    RegenerateReply,
    StopReply,
    SuggestAnswer,
)
from bot.domain.places import Person, Place
from bot.domain.ratings import RatingSource, Verdict
from bot.errors import PersonError, StorageError
from bot.ports import Clock

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Press:
    """Who pressed what under which answer, and where one can answer them."""

    event_id: str
    by: Person
    place: Place
    answer: MessageRef
    value: str
    action_ts: str
    trigger: str
    response_url: str


class Acts:
    """The listeners for buttons and modals."""

    def __init__(
        self,
        core: Core,
        client: PacedClient,
        me: Me,
        people: People,
        poster: Poster,
        interactions: Interactions,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._core = core
        self._client = client
        self._me = me
        self._people = people
        self._poster = poster
        self._interactions = interactions
        self._clock = clock
        self._tasks = tasks

    def listen(self, app: AsyncApp) -> None:
        """Register every button, the modal, and whatever else may be pressed, which is only acknowledged."""
        acts: Mapping[str, Callable[[Press], Awaitable[None]]] = {
            RATE: self._rate,
            REGENERATE: self._regenerate,
            CONTINUE: self._continue,
            SUGGEST: self._suggest,
            STOP: self._stop,
        }
        for name, act in acts.items():
            app.action(name)(self._listener(act))
        app.action(re.compile(""))(self.on_other)
        app.view(FEEDBACK)(self.on_feedback)

    def _listener(self, act: Callable[[Press], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def pressed(ack: AsyncAck, body: Payload, action: Payload) -> None:
            await ack()
            press = await self._press(body, action)
            try:
                await act(press)
            except (PersonError, StorageError) as error:
                self._answer(press, sentence(error, press.by.locale))

        return pressed

    async def on_other(self, ack: AsyncAck) -> None:
        """Nothing of ours."""
        await ack()

    async def _press(self, body: Payload, action: Payload) -> Press:
        container = body["container"]
        channel = container.get("channel_id") or body["channel"]["id"]
        thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts", "")
        value, _, carrier = str(action.get("value", "")).partition(" ")
        event_id = f"{self._me.team}/trigger/{body['trigger_id']}"
        self._interactions.keep(event_id, body.get("response_url", ""))
        self._interactions.acknowledged(event_id)
        return Press(
            event_id=event_id,
            by=await self._people.person(body["user"]["id"]),
            place=place_of(self._me.team, channel, thread),
            answer=ref_of(channel, carrier or container["message_ts"]),
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
        if not await self._core.rate(RateReply(press.answer, press.by, verdict, RatingSource.BUTTON, at)):
            self._answer(press, say("gone", press.by.locale))
        elif verdict is Verdict.BAD:
            self._tasks.spawn(self._ask(press, reason=True), "feedback modal")
        else:
            self._answer(press, say("rated.good", press.by.locale))

    async def _suggest(self, press: Press) -> None:
        self._tasks.spawn(self._ask(press, reason=False), "suggestion modal")

    async def _regenerate(self, press: Press) -> None:
        ask = RegenerateReply(press.event_id, press.place, press.answer, press.by, self._clock.now())
        if await self._core.accept(ask) is None:
            self._answer(press, say("gone", press.by.locale))

    async def _continue(self, press: Press) -> None:
        ask = ContinueReply(press.event_id, press.place, press.answer, press.by, self._clock.now())
        if await self._core.accept(ask) is None:
            self._answer(press, say("gone", press.by.locale))

    async def _stop(self, press: Press) -> None:
        if not await self._core.stop(StopReply(press.place, press.by, press.answer)):
            self._answer(press, say("nothing_to_stop", press.by.locale))

    # --- the modal --------------------------------------------------------------------------------------------------

    async def _ask(self, press: Press, *, reason: bool) -> None:
        about = {"channel": press.answer.channel, "message": press.answer.message, "thread": press.place.thread}
        view = modal(press.by.locale, json.dumps(about), reason=reason)
        with as_ours("views.open"):
            await self._client.views_open(trigger_id=press.trigger, view=view)

    async def on_feedback(self, ack: AsyncAck, body: Payload, view: Payload) -> None:
        """The modal was sent: kept first, then closed; if it cannot be kept, it stays open and says why."""
        by = await self._people.person(body["user"]["id"])
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
            whisper = self._poster.whisper(Spot(about["channel"], about["thread"]), by.id, say(thanks, by.locale))
            self._tasks.spawn(whisper, f"tell {by.id}")

    async def _keep(self, answer: MessageRef, by: Person, reason: str, better: str) -> str:
        """What was written; the key of the line that thanks for it."""
        now, thanks = self._clock.now(), ""
        if reason:
            vote = RateReply(answer, by, Verdict.BAD, RatingSource.BUTTON, now, reason=reason)
            thanks = "reasoned" if await self._core.rate(vote) else "gone"
        if better:
            thanks = "suggested" if await self._core.suggest(SuggestAnswer(answer, by, better, now)) else "gone"
        return thanks

    def _answer(self, press: Press, text: str) -> None:
        """Said to the one who pressed, beside the acknowledgement."""
        self._tasks.spawn(self._poster.respond(press.response_url, text), "answer press")


def _typed(view: Payload, name: str) -> str:
    field = view["state"]["values"].get(name, {}).get(name, {})
    return (field.get("value") or "").strip()
