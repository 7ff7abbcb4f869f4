"""Slack's events for the core: messages and their edits, reactions, the agent's pane, the Stop button.

Bolt acknowledges an event when its listener returns, and the core has stored it by then; an error leaves it
unacknowledged, and Slack sends it again. Nothing slow is awaited here.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import structlog
from slack_bolt.async_app import AsyncApp

from adapters.slack.blocks import home, prompts
from adapters.slack.desk import Desk
from adapters.slack.errors import as_ours
from adapters.slack.lines import say
from adapters.slack.once import Once
from adapters.slack.places import event_id_of, is_direct, ref_of, time_of
from adapters.slack.status import ACTIVE
from adapters.slack.words import people_in, read
from bot.chat.faults import sentence
from bot.domain.messages import (
    Attachment,
    DeleteMessage,
    IncomingMessage,
    MessageRef,
    RateReply,
    StopReply,
    ThreadOpened,
)
from bot.domain.places import Person, Place
from bot.domain.ratings import RatingSource, Reactions
from bot.errors import PersonError, StorageError

log = structlog.get_logger(__name__)

Event = dict[str, Any]

# Messages by people; all other subtypes are the channel's own news.
_SPOKEN = {None, "file_share", "thread_broadcast", "me_message"}
_LOST_FILES = {"tombstone", "hidden_by_limit"}


class Inbound:
    """The listeners for events."""

    def __init__(self, desk: Desk, reactions: Reactions, bot_name: str) -> None:
        self._desk = desk
        self._reactions = reactions
        self._bot_name = bot_name
        self._once = Once()
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._me = desk.me.user
        self._mention = re.compile(rf"<@{self._me}[>|]")

    def listen(self, app: AsyncApp) -> None:
        """Register everything; events that nobody handles are acknowledged, since Slack would send them again."""
        app.event("message")(self.on_message)
        app.event("app_mention")(self.on_mention)
        app.event("reaction_added")(self.on_reaction_added)
        app.event("reaction_removed")(self.on_reaction_removed)
        app.event("app_home_opened")(self.on_home_opened)
        app.event("agent_session_stopped")(self.on_session_stopped)
        app.event(re.compile(""))(self.on_other)

    # --- messages ---------------------------------------------------------------------------------------------------

    async def on_message(self, event: Event) -> None:
        """Something was said, edited or deleted."""
        subtype = event.get("subtype")
        if subtype == "message_changed":
            await self._changed(event)
        elif subtype == "message_deleted":
            await self._desk.core.delete(DeleteMessage(ref_of(event["channel"], event["deleted_ts"])))
        elif subtype in _SPOKEN:
            await self.said(event)

    async def on_mention(self, event: Event) -> None:
        """A mention, whose twin comes as a message; an edited one is taken from its message_changed."""
        if "edited" not in event:
            await self.said(event)

    async def said(self, event: Event) -> None:
        """A message as an event or the history has it: kept when a person says it where the bot may be meant."""
        if not self._is_by_person(event):
            return
        called = is_direct(event["channel"]) or self._mentions(event)
        if not called and "thread_ts" not in event:
            return
        event_id = event_id_of(self._desk.me.team, ref_of(event["channel"], event["ts"]))
        await self._once.do(event_id, lambda: self._accept(event, called=called))

    async def _accept(self, event: Event, *, called: bool) -> None:
        # One after the other in a thread: whether a follow-up is meant for the bot shows once the question is stored.
        thread = f"{event['channel']}/{event.get('thread_ts') or event['ts']}"
        line = self._lines.setdefault(thread, asyncio.Lock())
        async with line:
            await self._accept_in_turn(event, called=called)

    async def _accept_in_turn(self, event: Event, *, called: bool) -> None:
        message = await self._incoming(event)
        try:
            await self._desk.core.accept(message)
        except (PersonError, StorageError) as error:
            if called:
                self._desk.tell(message.place, message.by, sentence(error, message.by.locale))
            elif isinstance(error, StorageError):
                # Whether the bot was meant could not be seen: Slack shall send it again.
                raise

    async def _changed(self, event: Event) -> None:
        now, before = event["message"], event.get("previous_message") or {}
        if now.get("subtype") == "tombstone":
            await self._desk.core.delete(DeleteMessage(ref_of(event["channel"], now["ts"])))
            return
        if not self._is_by_person(now) or now.get("text") == before.get("text"):
            return
        message = await self._incoming({**now, "channel": event["channel"]})
        edited_at = (now.get("edited") or {}).get("ts") or event["event_ts"]
        try:
            await self._desk.core.edit(replace(message, event_id=f"{message.event_id}:{edited_at}", edited=True))
        except (PersonError, StorageError) as error:
            self._desk.tell(message.place, message.by, sentence(error, message.by.locale))

    def _is_by_person(self, message: Event) -> bool:
        return bool(message.get("user")) and not message.get("bot_id") and message["user"] != self._me

    def _mentions(self, event: Event) -> bool:
        return self._mention.search(event.get("text") or "") is not None

    async def _incoming(self, event: Event) -> IncomingMessage:
        """The core's view of a message."""
        text, channel, ts = event.get("text") or "", event["channel"], event["ts"]
        mentioned = people_in(text) - {self._me}
        by = await self._desk.people.person(event["user"])
        others = await asyncio.gather(*map(self._desk.people.person, mentioned)) if mentioned else ()
        names = {person.id: person.name for person in others} | {self._me: self._bot_name}
        place, ref = self._desk.place(channel, event.get("thread_ts") or ts), ref_of(channel, ts)
        return IncomingMessage(
            event_id=event_id_of(self._desk.me.team, ref),
            place=place,
            ref=ref,
            by=by,
            text=read(text, names, self._me),
            at=time_of(ts),
            mentions_bot=is_direct(channel) or self._mentions(event),
            reply_to=await self._reply_to(event, place, by),
            attachments=_attachments(event),
        )

    async def _reply_to(self, event: Event, place: Place, by: Person) -> MessageRef | None:
        """The bot's message that a thread begins with, for its first message; what follows goes on from there."""
        if event.get("parent_user_id") != self._me or await self._desk.core.reading.turns(place, by, limit=1):
            return None
        return ref_of(event["channel"], event["thread_ts"])

    # --- votes ------------------------------------------------------------------------------------------------------

    async def on_reaction_added(self, event: Event) -> None:
        """A vote, perhaps."""
        await self._reacted(event, added=True)

    async def on_reaction_removed(self, event: Event) -> None:
        """A vote taken back, perhaps."""
        await self._reacted(event, added=False)

    async def _reacted(self, event: Event, *, added: bool) -> None:
        item, verdict = event["item"], self._reactions.verdict(event["reaction"])
        if verdict is None or item.get("type") != "message" or event.get("item_user", self._me) != self._me:
            return
        by = await self._desk.people.surely(event["user"])
        ref, at = ref_of(item["channel"], item["ts"]), time_of(event["event_ts"])
        if added:
            await self._desk.core.rate(RateReply(ref, by, verdict, RatingSource.REACTION, at))
        else:
            await self._desk.core.rate(RateReply(ref, by, None, RatingSource.REACTION, at, only=verdict))

    # --- the agent's surface ----------------------------------------------------------------------------------------

    async def on_home_opened(self, event: Event) -> None:
        """Someone opened the conversation with the app, or its home."""
        if event.get("tab") == "messages":
            self._desk.tasks.spawn(self._suggest_prompts(event["channel"], event["user"]), "suggested prompts")
            self._desk.tasks.spawn(self._greet(event["channel"], event["user"]), "greeting")
        elif event.get("tab") == "home":
            self._desk.tasks.spawn(self._publish_home(event["user"]), "home")

    async def _suggest_prompts(self, channel: str, user: str) -> None:
        locale = (await self._desk.people.person(user)).locale
        with as_ours("assistant.threads.setSuggestedPrompts"):
            await self._desk.client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=prompts(locale))

    async def _greet(self, channel: str, user: str) -> None:
        """An agent's conversation begins when it is first opened; every message in it begins a thread of its own."""
        by, now = await self._desk.people.person(user), self._desk.clock.now()
        await self._desk.core.greet(ThreadOpened(f"{self._me}/opened/{channel}", self._desk.place(channel), by, now))

    async def _publish_home(self, user: str) -> None:
        locale = (await self._desk.people.person(user)).locale
        with as_ours("views.publish"):
            await self._desk.client.views_publish(user_id=user, view=home(locale, self._bot_name))

    async def on_session_stopped(self, event: Event) -> None:
        """The Stop button of an agent session: ends the streams it names, else what is made for this person here."""
        place = self._desk.place(event["channel"], event["thread_ts"])
        by = await self._desk.people.person(event["user"])
        streams = [ref_of(event["channel"], ts) for ts in event.get("streaming_message_ts") or ()]
        stopped = [await self._desk.core.stop(StopReply(place, by, ref)) for ref in streams or (None,)]
        if not any(stopped):
            self._desk.tasks.spawn(self._release(place), "release session")
            self._desk.tell(place, by, say("not_yours_to_stop", by.locale))

    async def _release(self, place: Place) -> None:
        """Nobody is at work there (any more), so nobody else takes the button away."""
        with as_ours("agents.sessions.setStatus"):
            await self._desk.client.agents_sessions_setStatus(
                channel_id=place.channel, thread_ts=place.thread, status=ACTIVE
            )

    async def on_other(self, event: Event) -> None:
        """What the app was subscribed to besides."""
        log.debug("event not handled", type=event.get("type"))


def _attachments(event: Event) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(file.get("name") or file["id"], file.get("mimetype") or "", int(file.get("size") or 0), file["id"])
        for file in event.get("files") or ()
        if file.get("mode") not in _LOST_FILES
    )
