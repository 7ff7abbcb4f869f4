"""Is the length kept that somebody asks `/write` for? Drafts of 30, 60 and 100 words, and Chinese characters, counted.

Two sides, on the same requests: the model's first draft as it comes, and what `/write` makes of it. That goes on with
too short a one, ends too long a one at a sentence, and asks again. A length is kept from 80 % to 120 %.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.house import open_core
from benchmarks.team import Team
from bot.chat.form_files import read_forms
from bot.chat.persona_library import PersonaLibrary
from bot.chat.streaming import collect
from bot.domain.commands import format_call
from bot.domain.forms import Asked
from bot.domain.generation import GenerationRequest, PromptMessage, Role, SamplingParams
from bot.domain.lengths import Length, count
from bot.engine.engine import LocalEngine
from bot.settings import BUNDLED_WRITER, Settings

TARGETS = (30, 60, 100)
LANGUAGES = {"en": "english", "zh": "chinese"}

# By language: form and words.
REQUESTS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("email", "ask my boss for Friday off"),
        ("announcement", "the server will be down for maintenance on Tuesday at 3 pm"),
        ("story", "a little dog and the moon"),
        ("poem", "the sea"),
        ("announcement", "our new channel #books"),
        ("email", "thank Nadia for her help with the move"),
        ("story", "a girl who learns to swim"),
        ("list", "things to pack for a camping trip"),
    ),
    "zh": (
        ("announcement", "周四上午十点系统维护"),
        ("poem", "大海"),
        ("email", "周二请假，要去看医生"),
        ("poem", "故乡"),
        ("announcement", "周五晚上公司聚餐"),
        ("list", "周末活动"),
        ("story", "月亮"),
        ("poem", "秋天"),
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The model, and how many requests of each language and length."""

    model: str = str(BUNDLED_WRITER)
    requests: int = 8

    @classmethod
    def of(cls, model: str, quick: bool) -> Plan:
        """The plan of the command line."""
        return cls(model or str(BUNDLED_WRITER), 4 if quick else 8)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request: a form's words in a language, and the length."""

    locale: str
    form: str
    about: str
    length: int

    @property
    def call(self) -> str:
        """As somebody types it."""
        options = {"form": self.form, "length": self.length, "language": LANGUAGES[self.locale], "about": self.about}
        return format_call("write", options)


async def measure(plan: Plan) -> dict[str, float]:
    """Shares of drafts whose length is kept, by language and length: `en_30_first`, `en_30_kept` ... and seconds."""
    wanted = list(_wanted(plan))
    engine = LocalEngine(plan.model, threads=0, dtype="auto")
    await engine.start()
    try:
        await engine.count_tokens([])
        with tempfile.TemporaryDirectory() as folder:
            team = Team()
            started = time.monotonic()
            first = await _first_drafts(wanted, engine)
            between = time.monotonic()
            async with open_core(Path(folder), engine, [team], capacity=engine.health().capacity):
                kept = [said.text for said in await team.ask_all([each.call for each in wanted])]
            ended = time.monotonic()
    finally:
        await engine.close()
    return {
        **_shares(wanted, first, "first"),
        **_shares(wanted, kept, "kept"),
        "drafts": len(wanted),
        "first_s": between - started,
        "kept_s": ended - between,
    }


def table(figures: dict[str, float]) -> list[str]:
    """A line for each language and length, then all of them, and what it takes."""
    rows = [f"{'':12}{'first draft':>12}{'/write':>10}"]
    for name in [f"{locale}_{target}" for locale in LANGUAGES for target in TARGETS] + ["all"]:
        rows.append(f"{name:12}{figures[f'{name}_first']:12.0%}{figures[f'{name}_kept']:10.0%}")
    times = figures["all_kept"] / max(figures["all_first"], 1 / figures["drafts"])
    rows.append(f"kept {times:.1f} times as often, in {figures['kept_s'] / figures['first_s']:.1f} times the time")
    return rows


def _wanted(plan: Plan) -> Iterator[Wanted]:
    for locale, requests in REQUESTS.items():
        for form, about in requests[: plan.requests]:
            yield from (Wanted(locale, form, about, length) for length in TARGETS)


async def _first_drafts(wanted: Sequence[Wanted], engine: LocalEngine) -> list[str]:
    """What the model answers to the same requests, with the room that the bot gives an answer."""
    forms, persona = read_forms(Path()).forms, PersonaLibrary(Path()).default
    settings = Settings.load({}).chat
    sampling = SamplingParams(max_tokens=settings.max_answer_tokens)

    async def draft(number: int, each: Wanted) -> str:
        asked = Asked(each.about, length=each.length, language=LANGUAGES[each.locale])
        messages = (
            PromptMessage(Role.SYSTEM, persona.speaks(each.locale, settings.bot_name)),
            PromptMessage(Role.USER, forms[each.form].request(asked, each.locale)),
        )
        return await collect(engine, GenerationRequest(f"first-{number}", messages, sampling))

    return await asyncio.gather(*(draft(number, each) for number, each in enumerate(wanted)))


def _shares(wanted: Sequence[Wanted], texts: Sequence[str], side: str) -> dict[str, float]:
    right: dict[str, list[bool]] = {}
    for each, text in zip(wanted, texts, strict=True):
        is_kept = Length.about(each.length).holds(text)
        for name in (f"{each.locale}_{each.length}_{side}", f"all_{side}"):
            right.setdefault(name, []).append(is_kept)
    assert all(count(text) for text in texts)
    return {name: sum(kept) / len(kept) for name, kept in right.items()}
