"""Training: our phases against TRL's trainers on a random Llama of 30 million parameters, and answers meanwhile.

Both sides train on the same rows, in turn; with fewer than 200 their seconds are scaled to 200. Figures are medians of
the rounds. Then an engine answers alone and beside a run, in turn, at each niceness; and while it answers, LoRA weights
are loaded and put into service, as a promotion does it.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import vocabulary
from benchmarks.engine import ask_all, watch_lag
from benchmarks.rivals import Rival
from bot.domain.generation import PromptMessage, Role
from bot.domain.training import (
    Collected,
    Example,
    ExampleKind,
    ExampleSource,
    Origin,
    Stage,
    TrainingOrder,
    TrainingProgress,
)
from bot.engine.engine import LocalEngine
from bot.engine.hardware import choose_threads
from bot.settings import Settings
from bot.training.trainer import SURROUNDINGS, LocalTrainer
from storage.database import Database, sqlite_url
from storage.unit_of_work import SqlUnitOfWorkFactory

PHASES = ("sft", "kto", "dpo")
EXAMPLES = 200
MEANING = {
    "x_trl": "our seconds over those of TRL's trainers, same recipe and rows (below 1: faster)",
    "seconds": "seconds for 200 examples of 256 tokens, 16 rows a step",
    "answers_slowdown": "times as long for answers while a run is going, by TRAINING_NICE",
    "swap_s": "seconds from a promotion until the new weights serve, with conversations being answered",
    "swap_slowdown": "times as long for the answers during which the weights are loaded and swapped",
    "loop_lag_p99_ms": "how late the bot's event loop is meanwhile, 99th percentile, by TRAINING_NICE",
}
_CONVERSATIONS = 4
_NEW_TOKENS = 48

Figures = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    examples: int
    rounds: int
    asks: int
    nices: tuple[int, ...]
    threads: int

    @classmethod
    def of(cls, quick: bool, threads: int) -> Plan:
        chosen = choose_threads(threads)
        return cls(32, 1, 2, (10,), chosen) if quick else cls(96, 3, 5, (10, 19), chosen)


@dataclass
class Measured:
    """Seconds by phase and side; answers a second and the loop's lags, alone (None) and by niceness."""

    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    rates: dict[int | None, list[float]] = field(default_factory=dict)
    lags_ms: dict[int | None, list[float]] = field(default_factory=dict)
    swaps_s: list[float] = field(default_factory=list)
    rates_swapping: list[float] = field(default_factory=list)


async def measure(plan: Plan) -> Measured:
    """Make the model, go through the rounds, and leave nothing behind."""
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="inkling-bench-") as place:
        folder = Path(place) / "llama"
        async with AsyncExitStack() as stack:
            sides = {}
            # TRL's side makes the model.
            for who, more in (("trl", {}), ("ours", SURROUNDINGS)):
                arguments = (str(folder), str(plan.threads), str(plan.examples), who)
                log = Path(place) / f"{who}.log"
                side = await Rival.start(sys.executable, "benchmarks.tune_side", *arguments, log=log, more=more)
                stack.push_async_callback(side.close)
                await side.ask(do="ready")
                sides[who] = side
            await sides["trl"].ask(do="lora")
            await _train_in_turn(sides, plan, measured)
        await _answer_meanwhile(folder, plan, measured)
    return measured


async def _train_in_turn(sides: dict[str, Rival], plan: Plan, measured: Measured) -> None:
    for round_ in range(plan.rounds):
        for phase in PHASES:
            for who in sorted(sides, reverse=bool(round_ % 2)):
                answer = await sides[who].ask(do=phase)
                measured.seconds.setdefault(phase, {}).setdefault(who, []).append(answer["seconds"])


# --- answers while a run is going ---


async def _answer_meanwhile(folder: Path, plan: Plan, measured: Measured) -> None:
    engine = LocalEngine(str(folder), threads=plan.threads)
    await engine.start()
    try:
        # Waits until the model is loaded.
        await _ask(engine, 1, [], [])
        for nice in plan.nices:
            await _ask(engine, plan.asks, measured.rates.setdefault(None, []), measured.lags_ms.setdefault(None, []))
            run = f"beside-{nice}"
            async with aclosing(_trainer(folder, plan, nice).train(_order(run))) as events:
                async for event in events:
                    if isinstance(event, TrainingProgress) and event.stage is Stage.SUPERVISED:
                        break
                rates, lags_ms = measured.rates.setdefault(nice, []), measured.lags_ms.setdefault(nice, [])
                await _ask(engine, plan.asks, rates, lags_ms)
        for number in range(plan.asks):
            await _swap(engine, folder.parent / "lora", f"swapped-{number}", measured)
    finally:
        await engine.close()


async def _swap(engine: LocalEngine, lora: Path, name: str, measured: Measured) -> None:
    """Load the weights under a new name, and serve them, while conversations are being answered."""
    asking = asyncio.create_task(_ask(engine, 1, measured.rates_swapping, []))
    # The conversations are in the batch by then.
    await asyncio.sleep(0.2)
    started = time.perf_counter()
    await engine.load_release(name, str(lora))
    await engine.serve_release(name)
    measured.swaps_s.append(time.perf_counter() - started)
    await asking
    await engine.unload_release(name)


async def _ask(engine: LocalEngine, times: int, rates: list[float], lags_ms: list[float]) -> None:
    dice = random.Random(len(rates))
    async with watch_lag(lags_ms):
        for _ in range(times):
            words = 128 - vocabulary.FRAME_TOKENS
            texts = [vocabulary.random_text(words, dice) for _ in range(_CONVERSATIONS)]
            rate, _ = await ask_all(engine, texts, _NEW_TOKENS)
            rates.append(rate)


def _trainer(folder: Path, plan: Plan, nice: int) -> LocalTrainer:
    data = folder.parent / "data"
    settings = Settings.load(
        {
            "DATA_FOLDER": str(data),
            "TEXT_MODEL": str(folder),
            "TRAINING_NICE": str(nice),
            "TRAINING_THREADS": str(plan.threads),
        }
    )
    # A run asks the database nothing, so that it need not be opened.
    return LocalTrainer(settings.learning, SqlUnitOfWorkFactory(Database(sqlite_url(data))))


def _order(run: str) -> TrainingOrder:
    """Liked answers enough for a phase that is longer than the measurement."""
    dice = random.Random(0)
    examples = [_liked(number, dice) for number in range(600)]
    return TrainingOrder(run, "thorough", Collected(tuple(examples)), None, seed=1)


def _liked(number: int, dice: random.Random) -> Example:
    prompt = (PromptMessage(Role.USER, vocabulary.random_text(124, dice)),)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    origin = Origin(ExampleSource.RATING, at, turn_id=str(number), rated_by="web/ana")
    return Example(ExampleKind.VERDICT, prompt, vocabulary.random_text(127, dice), origin)


# --- figures ---


def figures(measured: Measured, plan: Plan) -> Figures:
    """The figures by name."""
    alone = statistics.median(measured.rates[None])
    scale = EXAMPLES / plan.examples
    return {
        "x_trl": {
            phase: round(_median_ratio(sides["ours"], sides["trl"]), 3) for phase, sides in measured.seconds.items()
        },
        "seconds": {
            who: {phase: round(scale * statistics.median(sides[who]), 2) for phase, sides in measured.seconds.items()}
            for who in ("ours", "trl")
        },
        "answers_slowdown": {
            str(nice): round(alone / statistics.median(measured.rates[nice]), 2) for nice in plan.nices
        },
        "swap_s": round(statistics.median(measured.swaps_s), 2),
        "swap_slowdown": round(alone / statistics.median(measured.rates_swapping), 2),
        "loop_lag_p99_ms": {
            "alone" if nice is None else str(nice): round(statistics.quantiles(lags, n=100)[98], 2)
            for nice, lags in measured.lags_ms.items()
        },
    }


def _median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def table(found: Figures, plan: Plan) -> Iterator[str]:
    """The figures as lines to print."""
    yield f"{'phase':24}" + "".join(f"{phase:>10}" for phase in PHASES)
    rows = {"x_trl": found["x_trl"], **{f"seconds, {who}": found["seconds"][who] for who in ("ours", "trl")}}
    for name, values in rows.items():
        meaning = MEANING.get(name, MEANING["seconds"])
        yield f"{name:24}" + "".join(f"{values[phase]:10.2f}" for phase in PHASES) + f"  {meaning}"
    for name in ("answers_slowdown", "loop_lag_p99_ms"):
        for setting, value in found[name].items():
            yield f"{f'{name}, {setting}':24}{value:10.2f}{'':20}  {MEANING[name]}"
    for name in ("swap_s", "swap_slowdown"):
        yield f"{name:24}{found[name]:10.2f}{'':20}  {MEANING[name]}"
    yield f"{plan.threads} threads for each side and for the engine; {plan.examples} examples a round, scaled to 200."
