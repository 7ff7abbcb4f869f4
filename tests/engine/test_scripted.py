"""The scripted generator keeps the port's promises."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.generation import EngineState, Finished, FinishReason, Piece, Queued, Started
from bot.engine.scripted import ScriptedGenerator
from bot.errors import EngineDied, EngineDown, EngineLoading, ModelError, PromptTooLong
from tests.engine.asking import ask, collect, end_of, shape_of, text_of, user


async def test_it_says_what_was_enqueued_and_records_who_asked():
    generator, request = ScriptedGenerator(), ask(user("hi"))
    generator.enqueue(Queued(1), "Hel", "lo", finish=FinishReason.LENGTH)

    events = await collect(generator.generate(request))

    assert events == [
        Queued(1),
        Started("scripted@00000000"),
        Piece("Hel"),
        Piece("lo"),
        Finished(FinishReason.LENGTH, 5, 2),
    ]
    assert generator.requests == [request]
    assert generator.cancelled == []


async def test_it_says_what_a_function_computes():
    generator = ScriptedGenerator(lambda request: request.messages[-1].content.upper())

    assert text_of(await collect(generator.generate(ask(user("hi"))))) == "HI"


async def test_a_gate_holds_it_until_it_is_opened():
    generator, gate = ScriptedGenerator(), asyncio.Event()
    generator.enqueue("a", gate, "b")
    events = generator.generate(ask(user("hi")))
    assert [await anext(events), await anext(events)] == [Started("scripted@00000000"), Piece("a")]

    held = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0.01)
    assert not held.done()
    gate.set()
    assert await held == Piece("b")


async def test_an_error_comes_after_the_pieces_before_it():
    generator = ScriptedGenerator()
    generator.enqueue("a", EngineDied())
    events = generator.generate(ask(user("hi")))
    await anext(events)
    assert await anext(events) == Piece("a")

    with pytest.raises(EngineDied):
        await anext(events)
    assert generator.cancelled == []


async def test_cancel_ends_it_even_at_a_gate():
    generator, request = ScriptedGenerator(), ask(user("hi"))
    generator.enqueue("a", asyncio.Event(), "b")
    events = []
    async for event in generator.generate(request):
        events.append(event)
        await generator.cancel(request.id)

    assert shape_of(events) in ("SF", "SPF")
    assert end_of(events).reason is FinishReason.CANCELLED
    assert generator.cancelled == [request.id]


async def test_closing_the_iterator_counts_as_cancel():
    generator, request = ScriptedGenerator(), ask(user("hi"))
    generator.enqueue("a", "b")
    async with aclosing(generator.generate(request)) as events:
        await anext(events)

    assert generator.cancelled == [request.id]
    assert generator.health().running == 0


@pytest.mark.parametrize(
    ("state", "error"),
    [(EngineState.LOADING, EngineLoading), (EngineState.RESTARTING, EngineLoading), (EngineState.FAILED, EngineDown)],
)
async def test_a_state_that_was_set_refuses_as_it_should(state: EngineState, error: type[Exception]):
    generator = ScriptedGenerator(lambda request: "never")
    generator.set_health(state, "because")

    assert (generator.health().state, generator.health().detail) == (state, "because")
    with pytest.raises(error):
        await collect(generator.generate(ask(user("hi"))))
    with pytest.raises(error):
        await generator.count_tokens([user("hi")])


async def test_a_prompt_over_the_window_is_refused():
    generator = ScriptedGenerator(lambda request: "never", window=8)

    with pytest.raises(PromptTooLong):
        await collect(generator.generate(ask(user("x" * 100))))
    assert generator.requests == []


# --- releases ---


async def test_answers_may_depend_on_the_release_that_gives_them(tmp_path: Path):
    generator = ScriptedGenerator(lambda request: f"by {request.release}")
    await generator.load_release("tuned", str(tmp_path))
    await generator.serve_release("tuned")

    answers = [await collect(generator.generate(replace(ask(user("hi")), release=name))) for name in (None, "")]

    assert [text_of(events) for events in answers] == ["by tuned", "by scripted@00000000"]
    assert [events[0] for events in answers] == [Started("tuned"), Started("scripted@00000000")]
    assert (generator.health().release, generator.health().releases) == ("tuned", ("tuned",))


async def test_a_release_goes_and_the_base_answers_in_its_place(tmp_path: Path):
    generator = ScriptedGenerator(lambda request: "ok")
    await generator.load_release("tuned", str(tmp_path))
    await generator.serve_release("tuned")
    await generator.unload_release("tuned")

    events = await collect(generator.generate(replace(ask(user("hi")), release="tuned")))

    assert events[0] == Started("scripted@00000000")
    assert generator.health().releases == ()


async def test_a_release_without_a_folder_cannot_be_loaded(tmp_path: Path):
    generator = ScriptedGenerator()

    with pytest.raises(ModelError):
        await generator.load_release("tuned", str(tmp_path / "nowhere"))
    with pytest.raises(ModelError):
        await generator.serve_release("tuned")
