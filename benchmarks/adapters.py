"""Each adapter with an engine that answers at once, storage included, against the vendor's library's bare echo bot.

Both bots run in processes of their own, each on a protocol server of its own in this process; rounds of messages go to
one and the other in turn, so that a ratio is of two neighbours in time. Processor time is the bot process's own. The
servers' volume limits are off; a second figure has them on, as the vendors do, over so many messages that they bind.
"""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from typing import Any

from benchmarks.acknowledging import acknowledged
from benchmarks.bots import bot_on

PLATFORMS = ("discord", "slack")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: rounds of so many messages by so many people at a time, for each bot."""

    rounds: int = 9
    messages: int = 300
    people: int = 24
    limited_messages: int = 480
    conversations: int = 200

    @staticmethod
    def of(quick: bool) -> Plan:
        """The whole measurement, or one that ends within a minute or two."""
        return Plan(rounds=3, messages=120, limited_messages=240) if quick else Plan()


async def overhead(platform: str, plan: Plan) -> dict[str, Any]:
    """Both bots of a platform in turn."""
    async with (
        bot_on(platform, "ours", plan.people, limits=False) as ours,
        bot_on(platform, "bare", plan.people, limits=False) as bare,
    ):
        pairs = []
        for number in range(plan.rounds + 1):
            pair = (await ours.round(plan.messages), await bare.round(plan.messages))
            # The first round is to warm up.
            pairs += [pair] if number else []
        shares = await ours.shares(plan.messages)
    return {
        "messages_per_s": statistics.median(mine.rate for mine, _ in pairs),
        "bare_messages_per_s": statistics.median(theirs.rate for _, theirs in pairs),
        "x_bare": statistics.median(mine.rate / theirs.rate for mine, theirs in pairs),
        "cpu_ms": statistics.median(mine.cpu_ms for mine, _ in pairs),
        "bare_cpu_ms": statistics.median(theirs.cpu_ms for _, theirs in pairs),
        "shares": shares,
    }


async def overhead_with_limits(platform: str, plan: Plan) -> dict[str, float]:
    """Both bots at once, where the server limits volume as the vendor does: mostly they wait."""
    async with (
        bot_on(platform, "ours", plan.people, limits=True) as ours,
        bot_on(platform, "bare", plan.people, limits=True) as bare,
    ):
        # To warm up: a message for each person.
        await asyncio.gather(ours.round(plan.people), bare.round(plan.people))
        mine, theirs = await asyncio.gather(ours.round(plan.limited_messages), bare.round(plan.limited_messages))
    return {"x_bare_with_limits": mine.rate / theirs.rate, "messages_per_s_with_limits": mine.rate}


async def measure(plan: Plan) -> dict[str, dict[str, Any]]:
    """All figures, by platform."""
    figures = {}
    for platform in PLATFORMS:
        figures[platform] = {
            **await overhead(platform, plan),
            **await overhead_with_limits(platform, plan),
            **await acknowledged(platform, plan.conversations),
        }
    return figures


MEANING = {
    "messages_per_s": "messages answered in a second, each person waiting for an answer before the next message",
    "bare_messages_per_s": "the same of the vendor's library alone, which stores nothing",
    "x_bare": "of what the bare bot reaches (median of neighbouring rounds)",
    "x_bare_with_limits": "the same where the server limits volume as the vendor does, and 24 people keep talking",
    "messages_per_s_with_limits": "messages answered in a second there",
    "cpu_ms": "milliseconds of processor time for each message",
    "bare_cpu_ms": "the same of the bare bot",
    "acknowledged_p50_s": "seconds until stored and acknowledged, 200 conversations, engine saturated: median",
    "acknowledged_p99_s": "the same at the 99th percentile (the vendors' limit is 3)",
    "acknowledged": "acknowledgements measured",
}


def table(figures: dict[str, dict[str, Any]]) -> list[str]:
    """The figures for people to read."""
    lines = []
    for platform, measured in figures.items():
        lines.append(f"{platform}")
        lines += [f"  {name:27}{measured[name]:10.3f}  {meaning}" for name, meaning in MEANING.items()]
        shares = ", ".join(f"{room} {share:.0%}" for room, share in measured["shares"].items())
        lines.append(f"  of the event loop's work: {shares}")
    return lines
