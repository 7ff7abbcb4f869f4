"""The local engine with a random Llama of 30 million parameters, against other ways of answering with the same weights.

Ours is asked through the port, its worker process and all. The others get token numbers and give token numbers back, so
they neither tokenize nor stream. In each round all sides answer the same fresh prompts, one side at a time; a figure is
the median of the rounds' ratios.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks import vocabulary
from benchmarks.rivals import Rival, RivalLost
from bot.domain.generation import (
    EngineState,
    Finished,
    GenerationRequest,
    Piece,
    PromptMessage,
    Role,
    SamplingParams,
)
from bot.engine.engine import LocalEngine
from bot.engine.hardware import choose_threads
from bot.system import new_id

CONVERSATIONS = (1, 4, 16)
PROMPT_TOKENS = 128
NEW_TOKENS = 64
RIVALS = ("generate", "static", "transformers_cb", "openvino")
MEANING = {
    "x_generate": "times the throughput of transformers' generate for one request after another",
    "x_static": "times that of one padded batch through generate",
    "x_transformers_cb": "times that of transformers' continuous batching",
    "x_openvino": "times that of OpenVINO GenAI's continuous batching",
    "tokens_per_s": "new tokens in a second, prompts read in the same time",
    "first_token_ms": "milliseconds to an answer's first piece, all asked at once, median",
    "ttft_turn10_over_turn1": "time to the first piece, tenth turn over first, as many new tokens in each",
    "loop_lag_p99_ms": "how late the bot's event loop is with 16 generating, at the 99th percentile",
    "load_s": "seconds from start() until ready",
    "worker_mb": "resident size of the worker at the end",
}
TURNS = 10
# So much of each turn is new: the last answer and the next question.
TURN_ANSWER = 16
TURN_TOKENS = 128

Rates = dict[str, dict[int, list[float]]]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How long to measure, and with what."""

    rounds: int
    loads: int
    talks: int
    # How many of the requests are enough to know the speed of one after another.
    baseline_requests: int
    rivals: tuple[str, ...]
    threads: int
    openvino_python: str

    @classmethod
    def of(cls, quick: bool, threads: int, openvino_python: str) -> Plan:
        chosen = choose_threads(threads)
        if quick:
            # Transformers' continuous batching alone takes longer than the rest, and so does a conversion for OpenVINO.
            return cls(1, 1, 1, 2, ("generate", "static"), chosen, openvino_python)
        return cls(5, 3, 3, 4, RIVALS, chosen, openvino_python)


@dataclass
class Measured:
    """What the rounds left: new tokens a second by side and number of conversations, and our own times."""

    rates: Rates = field(default_factory=dict)
    first_token_s: dict[int, list[float]] = field(default_factory=dict)
    turn_ratios: list[float] = field(default_factory=list)
    lags_ms: list[float] = field(default_factory=list)
    loads_s: list[float] = field(default_factory=list)
    worker_mb: float = 0.0
    engine: str = ""
    baseline: str = ""
    missing: dict[str, str] = field(default_factory=dict)

    def note(self, side: str, conversations: int, rate: float) -> None:
        self.rates.setdefault(side, {}).setdefault(conversations, []).append(rate)


async def measure(plan: Plan) -> Measured:
    """Make the model, start all sides, go through the rounds, and leave nothing behind."""
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="inkling-bench-") as place:
        folder = Path(place) / "llama"
        async with AsyncExitStack() as stack:
            rivals = await _start_rivals(stack, plan, folder, measured)
            engine = await _load(stack, plan, folder, measured)
            dice = random.Random(0)
            await _warm_up(engine, rivals, dice)
            for _ in range(plan.rounds):
                for conversations in CONVERSATIONS:
                    await _one_round(engine, rivals, conversations, plan, dice, measured)
            for _ in range(plan.talks):
                measured.turn_ratios.append(await _talk(engine, dice))
            measured.worker_mb = psutil.Process(engine.worker_pid).memory_info().rss / 1e6
            measured.engine = engine.health().detail
    return measured


# --- the sides ---


async def _start_rivals(stack: AsyncExitStack, plan: Plan, folder: Path, measured: Measured) -> dict[str, Rival]:
    """One process for transformers' three ways, which makes the model, and one for OpenVINO where it is installed."""
    transformers = await _start(stack, sys.executable, "transformers", plan, folder)
    measured.baseline = (await transformers.ask(do="describe"))["dtype"]
    rivals = {name: transformers for name in plan.rivals if name != "openvino"}
    if "openvino" not in plan.rivals:
        return rivals
    openvino = await _start(stack, plan.openvino_python, "openvino", plan, folder)
    try:
        await openvino.ask(do="describe")
    except RivalLost as lost:
        measured.missing["openvino"] = str(lost)
        return rivals
    return rivals | {"openvino": openvino}


async def _start(stack: AsyncExitStack, python: str, name: str, plan: Plan, folder: Path) -> Rival:
    log = folder.parent / f"{name}.log"
    rival = await Rival.start(python, f"benchmarks.{name}_side", str(folder), str(plan.threads), log=log)
    stack.push_async_callback(rival.close)
    return rival


async def _load(stack: AsyncExitStack, plan: Plan, folder: Path, measured: Measured) -> LocalEngine:
    """Load the engine as often as planned, and keep the last."""
    while True:
        engine = LocalEngine(str(folder), threads=plan.threads)
        started = time.perf_counter()
        await engine.start()
        while (health := engine.health()).state is not EngineState.READY:
            if health.state is EngineState.FAILED:
                raise RuntimeError(health.detail)
            await asyncio.sleep(0.005)
        measured.loads_s.append(time.perf_counter() - started)
        if len(measured.loads_s) == plan.loads:
            stack.push_async_callback(engine.close)
            return engine
        await engine.close()


async def _warm_up(engine: LocalEngine, rivals: dict[str, Rival], dice: random.Random) -> None:
    for conversations in CONVERSATIONS:
        texts = _texts(conversations, dice)
        await ask_all(engine, texts, 4)
        for name, rival in rivals.items():
            await rival.generate(name, _tokens(texts[:1] if name == "generate" else texts), 4)


# --- throughput, time to first token, lag ---


async def _one_round(
    engine: LocalEngine,
    rivals: dict[str, Rival],
    conversations: int,
    plan: Plan,
    dice: random.Random,
    measured: Measured,
) -> None:
    """Every side once, in an order that changes from round to round."""
    texts = _texts(conversations, dice)
    sides = ["ours", *rivals]
    dice.shuffle(sides)
    for side in sides:
        if side == "ours":
            async with watch_lag(measured.lags_ms if conversations == max(CONVERSATIONS) else []):
                rate, first_s = await ask_all(engine, texts, NEW_TOKENS)
            measured.first_token_s.setdefault(conversations, []).append(first_s)
        else:
            asked = texts[: plan.baseline_requests] if side == "generate" else texts
            rate = await rivals[side].generate(side, _tokens(asked), NEW_TOKENS)
        measured.note(side, conversations, rate)


def _texts(count: int, dice: random.Random) -> list[str]:
    """Fresh prompts: what was read before must not help."""
    return [vocabulary.random_text(PROMPT_TOKENS - vocabulary.FRAME_TOKENS, dice) for _ in range(count)]


def _tokens(texts: list[str]) -> list[list[int]]:
    return [vocabulary.prompt_tokens(text) for text in texts]


async def ask_all(engine: LocalEngine, texts: list[str], new_tokens: int) -> tuple[float, float]:
    """All at once: new tokens a second, and the median time to the first piece."""
    started = time.perf_counter()
    talks = [_ask(engine, (PromptMessage(Role.USER, text),), new_tokens, PROMPT_TOKENS) for text in texts]
    answers = await asyncio.gather(*talks)
    rate = len(texts) * new_tokens / (time.perf_counter() - started)
    return rate, statistics.median(first for _, first in answers)


async def _ask(
    engine: LocalEngine, messages: tuple[PromptMessage, ...], new_tokens: int, prompt_tokens: int
) -> tuple[str, float]:
    """The answer, and the seconds until its first piece."""
    sampling = SamplingParams(max_tokens=new_tokens, temperature=0.0)
    request_id = new_id()
    request = GenerationRequest(request_id, messages, sampling, person=request_id, place=request_id)
    pieces: list[str] = []
    first_s = 0.0
    started = time.perf_counter()
    async with aclosing(engine.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                first_s = first_s or time.perf_counter() - started
                pieces.append(event.text)
            elif isinstance(event, Finished):
                assert (event.prompt_tokens, event.completion_tokens) == (prompt_tokens, new_tokens)
    return "".join(pieces), first_s


@asynccontextmanager
async def watch_lag(lags_ms: list[float]) -> AsyncIterator[None]:
    """How much later than asked the loop wakes us."""

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            lags_ms.append(max(0.0, (time.perf_counter() - before - 0.005) * 1000))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


# --- a conversation that grows ---


async def _talk(engine: LocalEngine, dice: random.Random) -> float:
    """Time to the first token of the tenth turn over that of the first; each turn has as many new tokens."""
    messages: tuple[PromptMessage, ...] = ()
    firsts: list[float] = []
    for turn in range(1, TURNS + 1):
        # From the second turn on, the end of the answer takes the place of the beginning of the prompt.
        words = TURN_TOKENS - vocabulary.FRAME_TOKENS - (TURN_ANSWER if turn > 1 else 0)
        messages += (PromptMessage(Role.USER, vocabulary.random_text(words, dice)),)
        answer, first_s = await _ask(engine, messages, TURN_ANSWER, TURN_TOKENS * turn)
        messages += (PromptMessage(Role.ASSISTANT, answer),)
        firsts.append(first_s)
    return firsts[-1] / firsts[0]


# --- figures ---


def figures(measured: Measured) -> Figures:
    """The figures by name; None where a side was not measured."""
    ours = measured.rates["ours"]
    ratios: Figures = {f"x_{side}": _ratios(ours, measured.rates.get(side)) for side in RIVALS}
    return ratios | {
        "ttft_turn10_over_turn1": round(statistics.median(measured.turn_ratios), 3),
        "loop_lag_p99_ms": round(statistics.quantiles(measured.lags_ms, n=100)[98], 3),
        "load_s": round(statistics.median(measured.loads_s), 3),
        "first_token_ms": _by_number(measured.first_token_s, lambda seconds: 1000 * seconds),
        "tokens_per_s": {side: _by_number(rates) for side, rates in measured.rates.items()},
        "worker_mb": round(measured.worker_mb),
    }


def _ratios(ours: dict[int, list[float]], theirs: dict[int, list[float]] | None) -> dict[str, float] | None:
    if theirs is None:
        return None
    ratios = {n: [a / b for a, b in zip(ours[n], theirs[n], strict=True)] for n in ours}
    return _by_number(ratios)


def _by_number(
    values: dict[int, list[float]], convert: Callable[[float], float] = lambda value: value
) -> dict[str, float]:
    return {str(number): round(convert(statistics.median(seen)), 3) for number, seen in values.items()}


def table(measured: Measured) -> Iterator[str]:
    """The figures as lines to print."""
    found = figures(measured)
    yield f"{'conversations':24}" + "".join(f"{number:>10}" for number in CONVERSATIONS)
    for name in ("x_generate", "x_static", "x_transformers_cb", "x_openvino", "first_token_ms"):
        yield f"{name:24}{_cells(found[name])}  {MEANING[name]}"
    for side, rates in found["tokens_per_s"].items():
        yield f"{'tokens/s ' + side:24}{_cells(rates)}"
    for name in ("ttft_turn10_over_turn1", "loop_lag_p99_ms", "load_s", "worker_mb"):
        yield f"{name:24}{found[name]:10.2f}{'':20}  {MEANING[name]}"
    yield f"Ours: {measured.engine}. Transformers: {measured.baseline}, the faster of two formats here."
    for side, reason in measured.missing.items():
        yield f"Not measured: {side} ({reason})."


def _cells(values: dict[str, float] | None) -> str:
    if values is None:
        return "".join(f"{'-':>10}" for _ in CONVERSATIONS)
    return "".join(f"{values[str(number)]:10.2f}" for number in CONVERSATIONS)
