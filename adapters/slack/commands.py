"""Slash commands and message shortcuts, generated from the one command table.

Slack gives a command's words as they were typed; the core's own reader makes options of them. Nothing is said in the
acknowledgement but what was refused: an answer comes by `adapters.slack.outbound` or `adapters.slack.asides`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.asides import Interactions
from adapters.slack.features import REWRITE_THIS, SUMMARIZE_FROM_HERE
from adapters.slack.identity import Me
from adapters.slack.lines import say
from adapters.slack.people import People
from adapters.slack.places import is_direct, place_of, ref_of
from adapters.slack.posting import Poster
from adapters.slack.tasks import Tasks
from adapters.slack.words import people_in, read
from bot.chat.dispatch import Core
from bot.chat.faults import sentence
from bot.domain.commands import COMMANDS, SUMMARIZE, WRITE, command_named, read_call
from bot.domain.messages import CommandCall
from bot.errors import PersonError, StorageError
from bot.ports import Clock

Payload = dict[str, Any]


class Commands:
    """The listeners for commands and shortcuts."""

    def __init__(
        self,
        core: Core,
        me: Me,
        people: People,
        poster: Poster,
        interactions: Interactions,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self._core = core
        self._me = me
        self._people = people
        self._poster = poster
        self._interactions = interactions
        self._clock = clock
        self._tasks = tasks

    def listen(self, app: AsyncApp) -> None:
        """Register every command of the table, and the shortcuts."""
        for command in COMMANDS:
            app.command(f"/{command.name}")(self.on_command)
        app.shortcut(SUMMARIZE_FROM_HERE)(self.on_summarize_from_here)
        app.shortcut(REWRITE_THIS)(self.on_rewrite_this)

    async def on_command(self, ack: AsyncAck, body: Payload) -> None:
        """A slash command: stored, then acknowledged; what everybody will see answered, everybody sees asked."""
        by = await self._people.person(body["user_id"])
        channel, event_id = body["channel_id"], self._event_id(body)
        self._interactions.keep(event_id, body.get("response_url", ""))
        try:
            name, options = read_call(f"{body['command']} {await self._words(body.get('text', ''))}")
            place = place_of(self._me.team, channel)
            await self._core.accept(CommandCall(event_id, place, by, name, self._clock.now(), options))
        except (PersonError, StorageError) as error:
            await ack(sentence(error, by.locale))
            return
        if command_named(name).private or is_direct(channel):
            await ack()
        else:
            await ack({"response_type": "in_channel"})
        self._interactions.acknowledged(event_id)

    async def on_summarize_from_here(self, ack: AsyncAck, body: Payload) -> None:
        """Sum up everything from this message on, for the one who asks."""
        await self._call(ack, body, SUMMARIZE.name, {})

    async def on_rewrite_this(self, ack: AsyncAck, body: Payload) -> None:
        """Write the words of this message anew, in its thread."""
        words = await self._words(body["message"].get("text") or "")
        await self._call(ack, body, WRITE.name, {"form": "rewrite", "about": words})

    async def _call(self, ack: AsyncAck, body: Payload, name: str, options: dict[str, str]) -> None:
        by = await self._people.person(body["user"]["id"])
        channel, message = body["channel"]["id"], body["message"]
        root = message.get("thread_ts", "")
        # A rewriting stands under the message; a summary reads the place that the message stands in.
        in_thread = name == WRITE.name or (root and root != message["ts"]) or is_direct(channel)
        place = place_of(self._me.team, channel, (root or message["ts"]) if in_thread else "")
        event_id = self._event_id(body)
        self._interactions.keep(event_id, body.get("response_url", ""))
        ref = ref_of(channel, message["ts"])
        try:
            if options.get("about") == "":
                raise _NoWords
            await self._core.accept(CommandCall(event_id, place, by, name, self._clock.now(), options, message=ref))
        except (PersonError, StorageError) as error:
            self._answer(body, sentence(error, by.locale))
        except _NoWords:
            self._answer(body, say("no_words", by.locale))
        await ack()
        self._interactions.acknowledged(event_id)

    async def _words(self, text: str) -> str:
        mentioned = people_in(text) - {self._me.user}
        people = await asyncio.gather(*map(self._people.person, mentioned))
        return read(text, {person.id: person.name for person in people}, self._me.user)

    def _answer(self, body: Payload, text: str) -> None:
        """Said to the one who asks, beside the acknowledgement."""
        self._tasks.spawn(self._poster.respond(body["response_url"], text), "answer shortcut")

    def _event_id(self, body: Payload) -> str:
        return f"{self._me.team}/trigger/{body['trigger_id']}"


class _NoWords(Exception):
    """There is nothing to rewrite."""
