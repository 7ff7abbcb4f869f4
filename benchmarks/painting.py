"""Drawing, and what it costs those who write meanwhile: the painter and the writer of one bot, each in its process.

In each round text is generated alone, pictures are drawn alone, then both at once; figures are medians of the rounds,
and ratios within a round.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from bot.domain.generation import (
    GenerationRequest,
    Painted,
    PaintProgress,
    PaintRequest,
    Piece,
    PromptMessage,
    Role,
    SamplingParams,
)
from bot.engine.engine import LocalEngine
from bot.engine.painter import LocalPainter
from bot.system import new_id

MEANING = {
    "picture_s": "seconds for one picture at the painter's own steps, nothing else going on",
    "preview_s": "seconds to its first preview",
    "grid_picture_s": "seconds for each picture of a grid of four",
    "moving_s": "seconds for a moving picture",
    "tokens_per_s": "tokens of text in a second, nobody drawing",
    "x_text": "times that while a picture is being drawn",
    "x_picture": "times the seconds of a picture while text is being generated",
}
PROMPTS = (
    "a smiling cat",
    "画一只猫",
    "a red fox in the snow",
    "a blue whale",
    "a house",
    "a strawberry",
    "下雨的云",
    "a robot",
)
TALKS = 4
TOKENS = 64
Figures = dict[str, float]


@dataclass
class _Pair:
    """The two engines of a bot."""

    writer: LocalEngine
    painter: LocalPainter


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Seconds to the first preview, and to the end."""

    preview: float
    whole: float


async def measure(rounds: int, text_model: str, image_model: str, threads: int) -> Figures:
    """The figures of MEANING."""
    found: dict[str, list[float]] = {name: [] for name in MEANING}
    async with _pair(text_model, image_model, threads) as pair:
        # The first ones wait for the models to load, and warm them.
        await _draw(pair.painter, 0)
        await _write(pair.writer, asyncio.Event(), once=True)
        for number in range(rounds):
            for name, value in (await _round(pair, number)).items():
                found[name].append(value)
        found["moving_s"].append((await _draw(pair.painter, 0, animated=True)).whole)
    return {name: round(statistics.median(values), 3) for name, values in found.items()}


async def _round(pair: _Pair, number: int) -> Figures:
    alone = await _draw(pair.painter, number)
    grid = await _draw(pair.painter, number, count=4)
    text_alone = await _write_for(pair.writer, alone.whole)
    stop = asyncio.Event()
    writing = asyncio.create_task(_write(pair.writer, stop))
    both = await _draw(pair.painter, number)
    stop.set()
    return {
        "picture_s": alone.whole,
        "preview_s": alone.preview,
        "grid_picture_s": grid.whole / 4,
        "tokens_per_s": text_alone,
        "x_text": await writing / text_alone,
        "x_picture": both.whole / alone.whole,
    }


async def _draw(painter: LocalPainter, number: int, *, count: int = 1, animated: bool = False) -> _Drawing:
    prompt = PROMPTS[number % len(PROMPTS)]
    began, preview = time.monotonic(), 0.0
    request = PaintRequest(new_id(), prompt, seed=number, count=count, animated=animated)
    async with aclosing(painter.paint(request)) as events:
        async for event in events:
            if isinstance(event, PaintProgress) and event.preview and not preview:
                preview = time.monotonic() - began
            if isinstance(event, Painted):
                break
    return _Drawing(preview, time.monotonic() - began)


async def _write_for(writer: LocalEngine, seconds: float) -> float:
    stop = asyncio.Event()
    writing = asyncio.create_task(_write(writer, stop))
    await asyncio.sleep(seconds)
    stop.set()
    return await writing


async def _write(writer: LocalEngine, stop: asyncio.Event, *, once: bool = False) -> float:
    """Keep a few answers going until told to stop (or one each): tokens in a second, all together."""
    began = time.monotonic()
    tokens = await asyncio.gather(*(_talk(writer, number, stop, once) for number in range(TALKS)))
    return sum(tokens) / (time.monotonic() - began)


async def _talk(writer: LocalEngine, number: int, stop: asyncio.Event, once: bool) -> int:
    tokens = 0
    while not stop.is_set():
        request = GenerationRequest(
            new_id(),
            (PromptMessage(Role.USER, f"Tell me story number {number} about a river and the people who live by it."),),
            SamplingParams(max_tokens=TOKENS, temperature=1.0, seed=number),
        )
        async with aclosing(writer.generate(request)) as events:
            async for event in events:
                # Near enough: a piece is a token, but for characters of several.
                tokens += isinstance(event, Piece)
                if stop.is_set():
                    break
        if once:
            break
    return tokens


@asynccontextmanager
async def _pair(text_model: str, image_model: str, threads: int) -> AsyncIterator[_Pair]:
    pair = _Pair(LocalEngine(text_model, threads=threads), LocalPainter(image_model, threads=threads))
    try:
        await pair.writer.start()
        await pair.painter.start()
        yield pair
    finally:
        await pair.painter.close()
        await pair.writer.close()


def table(figures: Mapping[str, float]) -> list[str]:
    """A line for each figure."""
    return [f"{name:16}{value:10.3f}  {MEANING[name]}" for name, value in figures.items()]
