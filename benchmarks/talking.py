"""People who talk to a bot on a protocol server, and wait for each answer before they go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer

PATIENCE_S = 60.0


Server = DiscordServer | SlackServer


@dataclass
class Talk:
    """One person's direct conversation with the bot, on either platform."""

    person: Any
    channel: Any
    said: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def server_for(platform: str, *, limits: bool) -> AsyncIterator[Server]:
    """A protocol server."""
    if platform == "discord":
        async with DiscordServer(limits=limits) as server:
            server.add_guild("Team").add_channel("general")
            yield server
    else:
        async with SlackServer(limits=limits) as slack:
            slack.add_channel("general")
            yield slack


def variables_for(server: Server, *, limits: bool) -> dict[str, str]:
    """The settings that point a bot at a server."""
    if isinstance(server, DiscordServer):
        given = {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url,
        }
    else:
        given = {
            "SLACK_BOT_TOKEN": server.bot_token,
            "SLACK_APP_TOKEN": server.app_token,
            "SLACK_API_URL": server.api_url,
        }
    return given if limits else {**given, "WITHOUT_LIMITS": "1"}


class Crowd:
    """So many people on a server, each in a direct conversation with the bot."""

    def __init__(self, server: Server, people: int) -> None:
        self._server = server
        self._people = people
        self._asked = 0
        self.talks: list[Talk] = []

    def gather(self) -> None:
        """Others come, who have not talked to the bot yet."""
        users = [self._server.add_user(f"Person {number}") for number in range(self._people)]
        self.talks = [Talk(user, user.dm) for user in users]

    async def say(self, messages: int) -> None:
        """So many messages by new people in all, each person's next one when the last was answered with its own words.

        Raises:
            TimeoutError: an answer did not come.
        """
        self.gather()
        first, self._asked = self._asked, self._asked + messages
        numbers = iter(range(first, self._asked))
        watching = asyncio.create_task(self._server.until(self._look, PATIENCE_S * 10))
        try:
            await asyncio.gather(*(self._talk(talk, numbers) for talk in self.talks))
        finally:
            watching.cancel()

    async def _talk(self, talk: Talk, numbers: Iterator[int]) -> None:
        for number in numbers:
            talk.said = f"Message number {number}, which is to be said again."
            talk.answered.clear()
            await talk.person.says(talk.channel, talk.said)
            async with asyncio.timeout(PATIENCE_S):
                await talk.answered.wait()

    def _look(self) -> bool:
        """Called at every change on the server; never satisfied."""
        for talk in self.talks:
            if talk.said and not talk.answered.is_set():
                last = talk.channel.messages[-1]
                if last.author is self._server.bot and last.text.strip() == talk.said:
                    talk.answered.set()
        return False
