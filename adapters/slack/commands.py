"""Slash commands and message shortcuts, generated from the one command table.

Slack gives a command's words as they were typed; the core's own reader makes options of them. Nothing is said in the
acknowledgement but what was refused: an answer comes by `adapters.slack.outbound` or `adapters.slack.asides`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.desk import Desk
from adapters.slack.features import REWRITE_THIS, SUMMARIZE_FROM_HERE
from adapters.slack.lines import say
from adapters.slack.places import is_direct, ref_of
from adapters.slack.words import people_in, read, said_in, written_in
from bot.chat.faults import sentence
from bot.domain.commands import COMMANDS, SUMMARIZE, WRITE, command_named, read_call
from bot.domain.messages import CommandCall
from bot.errors import PersonError, StorageError

Payload = dict[str, Any]


class Commands:
    """The listeners for commands and shortcuts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def listen(self, app: AsyncApp) -> None:
        """Register every command of the table, and the shortcuts."""
        for command in COMMANDS:
            app.command(f"/{command.name}")(self.on_command)
        app.shortcut(SUMMARIZE_FROM_HERE)(self.on_summarize_from_here)
        app.shortcut(REWRITE_THIS)(self.on_rewrite_this)

    async def on_command(self, ack: AsyncAck, body: Payload) -> None:
        """A slash command: stored, then acknowledged; what everybody will see answered, everybody sees asked."""
        desk = self._desk
        by = await desk.people.person(body["user_id"])
        channel, event_id = body["channel_id"], desk.take(body)
        try:
            name, options = read_call(f"{body['command']} {await self._words(body.get('text', ''))}")
            await desk.core.accept(CommandCall(event_id, desk.place(channel), by, name, desk.clock.now(), options))
        except (PersonError, StorageError) as error:
            await ack(sentence(error, by.locale))
            return
        if command_named(name).private or is_direct(channel):
            await ack()
        else:
            await ack({"response_type": "in_channel"})
        desk.interactions.acknowledged(event_id)

    async def on_summarize_from_here(self, ack: AsyncAck, body: Payload) -> None:
        """Sum up everything from this message on, for the one who asks."""
        await self._call(ack, body, SUMMARIZE.name, {})

    async def on_rewrite_this(self, ack: AsyncAck, body: Payload) -> None:
        """Write the words of this message anew, in its thread."""
        message = body["message"]
        words = said_in(message, await self._names(written_in(message)), self._desk.me.user)
        await self._call(ack, body, WRITE.name, {"form": "rewrite", "about": words})

    async def _call(self, ack: AsyncAck, body: Payload, name: str, options: dict[str, str]) -> None:
        desk = self._desk
        by = await desk.people.person(body["user"]["id"])
        channel, message = body["channel"]["id"], body["message"]
        root = message.get("thread_ts", "")
        # A rewriting stands under the message; a summary reads the place that the message stands in.
        in_thread = name == WRITE.name or (root and root != message["ts"]) or is_direct(channel)
        place = desk.place(channel, (root or message["ts"]) if in_thread else "")
        event_id = desk.take(body)
        # Where a summary begins; words to rewrite are given themselves.
        start = ref_of(channel, message["ts"]) if name == SUMMARIZE.name else None
        try:
            if options.get("about") == "":
                raise _NoWords
            await desk.core.accept(CommandCall(event_id, place, by, name, desk.clock.now(), options, message=start))
        except (PersonError, StorageError) as error:
            desk.respond(body["response_url"], sentence(error, by.locale))
        except _NoWords:
            desk.respond(body["response_url"], say("no_words", by.locale))
        await ack()
        desk.interactions.acknowledged(event_id)

    async def _words(self, text: str) -> str:
        return read(text, await self._names(text), self._desk.me.user)

    async def _names(self, text: str) -> dict[str, str]:
        """The names of those whom a text mentions."""
        mentioned = await asyncio.gather(*map(self._desk.people.person, people_in(text) - {self._desk.me.user}))
        return {person.id: person.name for person in mentioned}


class _NoWords(Exception):
    """There is nothing to rewrite."""
