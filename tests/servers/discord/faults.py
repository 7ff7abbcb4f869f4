"""What goes wrong on purpose: dropped sockets, refused requests, lost answers, redelivered events, outages."""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers.discord.server import DiscordServer

REDELIVERED = ("MESSAGE_CREATE", "INTERACTION_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_UPDATE", "MESSAGE_DELETE")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status in place of an answer; a 429 says `retry_after` seconds."""

    status: int
    retry_after: float


@dataclass(slots=True)
class _Rule:
    """For the next `left` requests that match."""

    pattern: re.Pattern[str]
    left: int
    seconds: float = 0.0
    status: int = 0


class Faults:
    """Each method arranges one fault. Patterns are searched in `METHOD /path`, without the API's prefix."""

    def __init__(self, server: DiscordServer) -> None:
        self._server = server
        self._refusals: list[_Rule] = []
        self._losses: list[_Rule] = []
        self._delays: list[_Rule] = []
        self._limit_share = 0.0
        self._limit_chance = random.Random(0)
        self._copy_share = 0.0
        self._copy_chance = random.Random(0)
        self._replayed_again = 0
        self.redelivered = 0

    # --- sockets ---

    def drop_sockets(self) -> int:
        """Cut every gateway connection without a word; how many. Clients are to resume."""
        return self._server.gateway.drop()

    def ask_to_reconnect(self) -> None:
        """Opcode 7 to every client."""
        self._server.gateway.ask_to_reconnect()

    def invalidate_sessions(self) -> None:
        """Opcode 9 to every client: sessions are over, what was missed is lost."""
        self._server.gateway.invalidate()

    def outage(self, seconds: float) -> asyncio.Task[None]:
        """Stop listening for a while; what people do meanwhile waits in the sessions. Await the task to see its end."""

        async def away() -> None:
            await self._server.stop()
            await asyncio.sleep(seconds)
            await self._server.start()

        return asyncio.create_task(away(), name="discord-outage")

    # --- requests ---

    def refuse(self, pattern: str, status: int, times: int = 1, retry_after: float = 0.2) -> None:
        """Answer the next requests that match with this status; a 429 says `retry_after` seconds."""
        self._refusals.append(_Rule(re.compile(pattern), times, retry_after, status))

    def rate_limit(self, share: float = 0.05, seed: int = 0) -> None:
        """Answer this share of all requests with a 429 of a tenth to a third of a second."""
        self._limit_share, self._limit_chance = share, random.Random(seed)

    def lose(self, pattern: str, times: int = 1) -> None:
        """Carry out the next requests that match and cut the connection in place of an answer."""
        self._losses.append(_Rule(re.compile(pattern), times))

    def delay(self, pattern: str, seconds: float, times: int = 1) -> None:
        """Answer the next requests that match only after this time."""
        self._delays.append(_Rule(re.compile(pattern), times, seconds))

    # --- events ---

    def redeliver(self, share: float = 0.1, seed: int = 0) -> None:
        """Send this share of people's events twice."""
        self._copy_share, self._copy_chance = share, random.Random(seed)

    def replay_more(self, events: int) -> None:
        """At a resume send again this many events that the client had already."""
        self._replayed_again = events

    def expire_files(self) -> None:
        """Let all addresses of attachments be over; a message fetched anew has fresh ones."""
        self._server.world.expire_files()

    # --- asked by the server ---

    def copies(self, event: str) -> int:
        """How often to send an event."""
        if event not in REDELIVERED or self._copy_chance.random() >= self._copy_share:
            return 1
        self.redelivered += 1
        return 2

    def replayed_again(self) -> int:
        return self._replayed_again

    def refusal(self, call: str) -> Refusal | None:
        """What this request is refused with."""
        rule = _take(self._refusals, call)
        if rule is not None:
            return Refusal(rule.status, rule.seconds)
        if self._limit_chance.random() < self._limit_share:
            return Refusal(429, round(self._limit_chance.uniform(0.1, 0.33), 3))
        return None

    def loses(self, call: str) -> bool:
        """Whether this request's answer gets lost."""
        return _take(self._losses, call) is not None

    def seconds_late(self, call: str) -> float:
        """How long this request's answer takes."""
        taken = _take(self._delays, call)
        return taken.seconds if taken else 0.0


def _take(rules: list[_Rule], call: str) -> _Rule | None:
    for rule in rules:
        if rule.left and rule.pattern.search(call):
            rule.left -= 1
            return rule
    return None
