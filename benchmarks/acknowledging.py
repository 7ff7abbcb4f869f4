"""How long until an event is stored and acknowledged, with many conversations at once and an engine that lags behind.

Everyone speaks about every ten seconds; the engine has few slots and takes seconds for each answer, so that nearly all
wait in line. Both vendors give an app three seconds. Discord wants its interactions acknowledged, Slack everything.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.bots import Bot, bot_on
from benchmarks.talking import Talk
from tests.servers.slack import SlackServer

EVERY_S = 10.0
ROUNDS = 3
VENDORS_PATIENCE_S = 3.0


async def acknowledged(platform: str, conversations: int) -> dict[str, float]:
    """Seconds until the acknowledgement, at the 50th and 99th percentile, and how many were measured."""
    async with bot_on(platform, "lagging", conversations, limits=True) as bot:
        seed = random.Random(4)
        bot.crowd.gather()
        acts = await asyncio.gather(*(_speak(bot, talk, seed) for talk in bot.crowd.talks))
        times = _times(bot, [act.acked_after for each in acts for act in each])
    return {
        "acknowledged_p50_s": statistics.median(times),
        "acknowledged_p99_s": statistics.quantiles(times, n=100)[98],
        "acknowledged": len(times),
    }


async def _speak(bot: Bot, talk: Talk, seed: random.Random) -> list[Any]:
    """One person: a message and a command in each round."""
    # Slack offers no commands where people talk to an agent.
    channels = bot.server.world.channels.values() if isinstance(bot.server, SlackServer) else ()
    called_in = next((channel for channel in channels if channel.kind == "channel"), talk.channel)
    acts = []
    for number in range(ROUNDS):
        await asyncio.sleep(seed.uniform(0.5, 1.5) * EVERY_S * (0.5 if number == 0 else 1.0))
        await talk.person.says(talk.channel, f"Question {number}?")
        acts.append(await talk.person.calls(called_in, "write", form="email", about=f"thing {number}"))
    return acts


def _times(bot: Bot, acts: Sequence[float | None]) -> list[float]:
    """What the server saw of acknowledgements; one that did not come counts as the vendor's three seconds."""
    seen = list(acts)
    if isinstance(bot.server, SlackServer):
        seen += [each.acked_after for each in bot.server.deliveries.log if each.kind == "events_api"]
    return [VENDORS_PATIENCE_S if each is None else each for each in seen]
