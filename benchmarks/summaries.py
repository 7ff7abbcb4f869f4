"""Summaries: how good they are on held-out talk, and how long a long one takes while others chat.

Quality, on a data folder's held-out pairs of talk and summary (see `recipes.data`), by the first 3 lines of a talk, by
its 3 most central ones, by the model as it writes, and by the model after its unsupported sentences are dropped:

    rouge_l       ROUGE-L's F1 against the reference summary
    unsupported   of all names and numbers in a summary, those that its talk does not have
    recall        of the 3 lines of the talk that cover the reference best (found greedily, as Nallapati, Zhai and Zhou,
                  "SummaRuNNer", AAAI 2017, make their labels), those that are picked

Records made from the same templates as the training data are told apart from the others.

Time: a summary of 1,000 and of 10,000 messages through the core, with 16 people chatting all the while, and what those
wait for an answer, against what they wait when nobody asks for a summary.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.core import Sink, SunkReply
from benchmarks.house import open_core
from bot.chat.dispatch import Core
from bot.chat.streaming import collect
from bot.chat.summary.grounding import Source, names_and_numbers
from bot.chat.summary.key_messages import most_central
from bot.chat.summary.prompts import messages_for, way_of
from bot.chat.summary.summaries import TEMPERATURE, TOP_P
from bot.chat.summary.transcripts import of_text
from bot.domain.generation import GenerationRequest, SamplingParams
from bot.domain.messages import Answer, CommandCall, HistoryMessage, IncomingMessage, MessageRef
from bot.domain.places import Person, Place, Platform, owning_place
from bot.engine.engine import LocalEngine
from bot.ports import ReplyTarget
from bot.settings import BUNDLED_WRITER
from recipes import data as data_
from recipes.metrics import rouge_l

SETS = (data_.CONVERSATIONS_HELDOUT, "text/sft_sharealike_heldout.jsonl.xz")
TEMPLATES = "own-templates"
PICKED = 3
LONGEST_ANSWER = 200
OTHERS = 16
TURNS = 4
WARM_UP_S = 15.0

MEANING = {
    "rouge_l": "ROUGE-L against the reference",
    "unsupported": "names and numbers that the talk does not have, share",
    "recall": "lines that cover the reference best, share found",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A talk by its lines, and the summary that somebody (or a template) wrote of it."""

    lines: tuple[str, ...]
    texts: tuple[str, ...]
    reference: str
    group: str


@dataclass
class Scores:
    """Figures of one side, a value for each pair."""

    rouge: list[float] = field(default_factory=list)
    named: int = 0
    unsupported: int = 0
    recall: list[float] = field(default_factory=list)

    def add(self, text: str, pair: Pair) -> None:
        """Judge one summary."""
        self.rouge.append(rouge_l(text, pair.reference))
        source = Source(pair.lines)
        claims = names_and_numbers(text)
        self.named += len(claims)
        self.unsupported += sum(not source.has(claim) for claim in claims)

    def figures(self) -> dict[str, float]:
        """Means over the pairs; recall only where lines were picked."""
        found = {"rouge_l": statistics.mean(self.rouge), "unsupported": self.unsupported / max(1, self.named)}
        return found | ({"recall": statistics.mean(self.recall)} if self.recall else {})


# --- quality --------------------------------------------------------------------------------------------------------


def pairs(folder: Path) -> Iterator[Pair]:
    """The held-out talks that have a summary.

    Raises:
        BadData: a file is missing or damaged.
    """
    for name in SETS:
        for record in data_.read_records(folder, name):
            asked = record["messages"][-2]["content"]
            if record["task"] != "summarize" or "\n" not in asked.strip():
                continue
            transcript = of_text(asked.strip().split("\n", 1)[1])
            if len(transcript.lines) > PICKED:
                yield Pair(
                    tuple(line.rendered for line in transcript.lines),
                    tuple(line.text for line in transcript.lines),
                    record["messages"][-1]["content"],
                    "templates" if record["source"].startswith(TEMPLATES) else "others",
                )


async def quality(folder: Path, model: str, most: int) -> dict[str, float]:
    """The figures of every side by group, over at most so many pairs of each group."""
    chosen: dict[str, list[Pair]] = {}
    for pair in pairs(folder):
        group = chosen.setdefault(pair.group, [])
        if len(group) < most:
            group.append(pair)
    engine = LocalEngine(model)
    await engine.start()
    try:
        figures: dict[str, float] = {}
        for group, members in chosen.items():
            sides = await _sides(members, engine)
            figures |= {
                f"{group}_{side}_{name}": value
                for side, scores in sides.items()
                for name, value in scores.figures().items()
            }
            figures[f"{group}_pairs"] = len(members)
        return figures
    finally:
        await engine.close()


async def _sides(members: Sequence[Pair], engine: LocalEngine) -> dict[str, Scores]:
    sides = {name: Scores() for name in ("lead", "central", "model", "checked")}
    written = await asyncio.gather(*(_written(number, pair, engine) for number, pair in enumerate(members)))
    for pair, texts in zip(members, written, strict=True):
        best = _best_lines(pair)
        for side, picked in (("lead", list(range(PICKED))), ("central", most_central(pair.texts, PICKED))):
            sides[side].add("\n".join(pair.lines[index] for index in picked), pair)
            sides[side].recall.append(len(best & set(picked)) / len(best))
        sides["model"].add(texts[0], pair)
        sides["checked"].add(_best_of(texts, pair), pair)
    return sides


async def _written(number: int, pair: Pair, engine: LocalEngine) -> list[str]:
    """As many tries as the bot gives this model."""
    locale = "zh" if data_.is_chinese(pair.reference) else "en"
    style = "bullets" if pair.reference.startswith("- ") else "brief"
    way = way_of(engine.health().model)
    messages = tuple(messages_for("\n".join(pair.lines), style, locale, way))
    texts = []
    for seed in range(way.tries):
        sampling = SamplingParams(
            max_tokens=LONGEST_ANSWER,
            temperature=TEMPERATURE,
            top_p=TOP_P,
            repetition_penalty=1.0,
            seed=1000 * number + seed,
        )
        texts.append(await collect(engine, GenerationRequest(f"pair {number}.{seed}", messages, sampling)))
    return texts


def _best_of(texts: Sequence[str], pair: Pair) -> str:
    """The try that the bot would show: the first that holds in full, else the one of which most holds."""
    tried = [Source(pair.lines).check(text) for text in texts]
    return max(tried, key=lambda checked: (not checked.dropped, len(checked.text))).text


def _best_lines(pair: Pair) -> set[int]:
    """The lines that together, added one by one, come closest to the reference."""
    best: set[int] = set()
    while len(best) < PICKED:
        rest = [index for index in range(len(pair.lines)) if index not in best]

        def score(index: int) -> float:
            return rouge_l("\n".join(pair.texts[i] for i in sorted(best | {index})), pair.reference)

        best.add(max(rest, key=score))
    return best


# --- time -----------------------------------------------------------------------------------------------------------


class Channel(Sink):
    """A platform whose channels hold as many messages as one asks for, and that notes when each answer came."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines
        self.answered: dict[str, float] = {}

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        """Lines from the data in turn, a minute apart, with an hour's pause every 20."""
        now = datetime.now(UTC)
        for number in range(limit):
            author, _, text = self._lines[number % len(self._lines)].partition(": ")
            at = now - timedelta(minutes=number + 60 * (number // 20))
            yield HistoryMessage(MessageRef(Platform.WEB, place.channel, f"h{number}"), author, text or author, at)

    async def open_reply(self, target: ReplyTarget) -> SunkReply:
        """A reply that is timed."""
        return _Timed(self, target)


class _Timed(SunkReply):
    def __init__(self, channel: Channel, target: ReplyTarget) -> None:
        super().__init__(channel, target)
        self._channel, self._id = channel, target.turn.id

    async def finish(self, answer: Answer) -> None:
        await super().finish(answer)
        self._channel.answered[self._id] = time.perf_counter()


async def speed(lines: Sequence[str], model: str, sizes: Sequence[int]) -> dict[str, float]:
    """Seconds of a summary of each size with others chatting, and what those wait, alone and beside it."""
    engine = LocalEngine(model)
    await engine.start()
    figures: dict[str, float] = {}
    channel = Channel(lines)
    try:
        await engine.count_tokens([])
        with tempfile.TemporaryDirectory() as folder:
            async with open_core(Path(folder), engine, [channel], capacity=engine.health().capacity) as core:
                alone = await _others_wait(core, channel, asyncio.create_task(asyncio.sleep(WARM_UP_S)))
                figures["others_alone_s"] = statistics.median(alone)
                figures["others_alone_p95_s"] = _p95(alone)
                for size in sizes:
                    summary = asyncio.create_task(_summary(core, channel, size))
                    waits = await _others_wait(core, channel, summary)
                    figures[f"summary_{size}_s"] = summary.result()
                    figures[f"others_beside_{size}_s"] = statistics.median(waits)
                    figures[f"others_beside_{size}_p95_s"] = _p95(waits)
    finally:
        await engine.close()
    return figures


def _p95(waits: Sequence[float]) -> float:
    return statistics.quantiles(waits, n=20)[18]


async def _summary(core: Core, channel: Channel, size: int) -> float:
    place = owning_place(Platform.WEB, "local", f"long {size}")
    asker = Person(Platform.WEB, "asker", "Asker")
    call = CommandCall(f"s{size}", place, asker, "summarize", datetime.now(UTC), {"last": size})
    return await _answered(core, channel, call)


async def _others_wait(core: Core, channel: Channel, until: asyncio.Task[object]) -> list[float]:
    """What each question waits that 16 people ask in their own places, one after another, until a task is done."""
    waits: list[float] = []

    async def chat(number: int) -> None:
        person = Person(Platform.WEB, f"p{number}", f"P{number}")
        asked = 0
        while not until.done():
            # Talks begin anew after some turns, so that what they cost stays the same however long it takes.
            place = owning_place(Platform.WEB, "local", f"{until.get_name()} {number} {asked // TURNS}")
            asked += 1
            ref = MessageRef(Platform.WEB, place.channel, f"q{number}.{asked}")
            event = f"{place.channel} {asked}"
            message = IncomingMessage(event, place, ref, person, "How are you today?", datetime.now(UTC))
            waits.append(await _answered(core, channel, message))

    await asyncio.gather(until, *(chat(number) for number in range(OTHERS)))
    return waits


async def _answered(core: Core, channel: Channel, ask: CommandCall | IncomingMessage) -> float:
    """Seconds from asking to the whole answer."""
    asked = time.perf_counter()
    accepted = await core.accept(ask)
    assert accepted is not None
    while accepted.answer.id not in channel.answered:
        channel.changed.clear()
        await channel.changed.wait()
    return channel.answered.pop(accepted.answer.id) - asked


# --- both -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: with a data folder quality too, over so many pairs of each group; which sizes are timed."""

    data: Path | None
    model: str = str(BUNDLED_WRITER)
    pairs: int = 400
    sizes: tuple[int, ...] = (1000, 10_000)

    @classmethod
    def of(cls, data: Path | None, model: str, quick: bool) -> Plan:
        """The plan of the command line."""
        chosen = model or str(BUNDLED_WRITER)
        return cls(data, chosen, 40, (200,)) if quick else cls(data, chosen)


async def measure(plan: Plan) -> dict[str, float]:
    """All figures.

    Raises:
        BadData: the data folder is not whole.
    """
    figures, lines = dict[str, float](), TALK
    if plan.data is not None:
        figures |= await quality(plan.data, plan.model, plan.pairs)
        lines = [line for pair in pairs(plan.data) if pair.group == "templates" for line in pair.lines]
    return figures | await speed(lines, plan.model, plan.sizes)


def table(figures: dict[str, float]) -> list[str]:
    """The figures as lines: quality by side, then times."""
    rows = []
    for group in sorted({name.split("_")[0] for name in figures if name.endswith("_pairs")}):
        rows.append(f"{group} ({figures[f'{group}_pairs']:.0f} pairs)")
        for side in ("lead", "central", "model", "checked"):
            cells = [
                f"{name} {figures[f'{group}_{side}_{name}']:.3f}"
                for name in MEANING
                if f"{group}_{side}_{name}" in figures
            ]
            rows.append(f"  {side:10}{'   '.join(cells)}")
    rows += [f"{name:28}{value:10.2f}" for name, value in figures.items() if name.endswith("_s")]
    return rows


# What is talked about where no data folder is given.
TALK = (
    "ana: the login test fails again on the release branch",
    "ben: I can look at it this afternoon",
    "ana: thanks, the release is planned for Friday",
    "cem: who wants to join for lunch?",
    "ben: me, at half past twelve",
    "ana: count me in",
    "dan: the customer asked for the report until Monday",
    "eve: I'll write it tomorrow",
    "ben: the test is fixed, it was the clock",
    "ana: great, then we release on Friday",
)
