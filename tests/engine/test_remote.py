"""The remote engine against a small server over a real socket, well-behaved and not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from bot.domain.generation import EngineState, Finished, FinishReason, Piece, SamplingParams, Started
from bot.engine.remote import RemoteEngine
from bot.errors import EngineDied, EngineDown, PromptTooLong, RequestRejected
from tests.engine.asking import ask, assistant, collect, end_of, shape_of, text_of, user
from tests.engine.completion_server import Behaviour, CompletionServer, chunk, data, drop, hang, refuse, say, write


@asynccontextmanager
async def engine_at(*servers: CompletionServer, **options: object) -> AsyncIterator[RemoteEngine]:
    settings = {"timeout_s": 10.0, "pause_s": 0.01, "model": "served", **options}
    engine = RemoteEngine([server.url for server in servers], **settings)  # type: ignore[arg-type]
    try:
        yield engine
    finally:
        await engine.close()


async def answer(*behaviours: Behaviour, **options: object) -> tuple[list[object], CompletionServer]:
    async with CompletionServer(*behaviours) as server, engine_at(server, **options) as engine:
        events = await collect(engine.generate(ask(user("hi"))))
        return list(events), server


# --- what is sent and what comes back ---


async def test_pieces_arrive_in_order_with_the_servers_name_and_counts():
    events, _ = await answer(say("Hel", "lo", usage=(7, 2)))

    assert events == [Started("served"), Piece("Hel"), Piece("lo"), Finished(FinishReason.STOP, 7, 2)]


async def test_an_answer_at_its_maximum_length_says_so_and_is_counted_by_pieces_without_usage():
    events, _ = await answer(say("a", "b", "c", reason="length"))

    assert end_of(events).reason is FinishReason.LENGTH
    assert end_of(events).completion_tokens == 3


async def test_every_sampling_value_is_sent_in_the_servers_words():
    sampling = SamplingParams(
        max_tokens=9, temperature=0.5, top_p=0.9, top_k=5, min_p=0.1, repetition_penalty=1.1, stop=("END",), seed=3
    )
    async with CompletionServer(say("ok")) as server, engine_at(server, key="secret") as engine:
        await collect(engine.generate(ask(user("hi"), sampling=sampling)))

    assert server.keys == ["Bearer secret"]
    assert server.bodies[0] == {
        "model": "served",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 5,
        "min_p": 0.1,
        "repetition_penalty": 1.1,
        "stop": ["END"],
        "seed": 3,
    }


async def test_a_server_that_refuses_uncommon_fields_is_asked_without_them_from_then_on():
    async with CompletionServer(refuse(422, "Unexpected fields"), say("ok")) as server, engine_at(server) as engine:
        first = await collect(engine.generate(ask(user("hi"))))
        await collect(engine.generate(ask(user("hi"))))

    assert text_of(first) == "ok"
    assert ["stream_options" in body for body in server.bodies] == [True, False, False]


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
async def test_an_address_may_end_with_or_without_v1(end: str):
    async with CompletionServer(say("ok")) as server:
        engine = RemoteEngine([server.url.rstrip("/") + end], model="served")
        events = await collect(engine.generate(ask(user("hi"))))
        await engine.close()

    assert text_of(events) == "ok"


async def test_without_a_model_name_the_servers_first_is_asked_for():
    _, server = await answer(say("ok"), model="")

    assert server.bodies[0]["model"] == "served"


async def test_a_server_that_lists_no_models_is_asked_without_a_name():
    async with CompletionServer(say("ok"), models=None) as server, engine_at(server, model="") as engine:
        events = await collect(engine.generate(ask(user("hi"))))

    assert text_of(events) == "ok"
    assert "model" not in server.bodies[0]


@pytest.mark.parametrize(("text", "word"), [("Once upon a", "Continue"), ("从前有一", "接着写")])
async def test_a_last_assistant_message_is_followed_by_a_request_to_go_on(text: str, word: str):
    async with CompletionServer(say("ok")) as server, engine_at(server) as engine:
        await collect(engine.generate(ask(user("tell"), assistant(text))))

    *_, before_last, last = server.bodies[0]["messages"]
    assert before_last == {"role": "assistant", "content": text}
    assert last["role"] == "user"
    assert word in last["content"]


async def test_max_tokens_is_cut_to_what_the_window_may_leave():
    async with CompletionServer(say("ok")) as server, engine_at(server, window=256) as engine:
        await collect(engine.generate(ask(user("word " * 40), sampling=SamplingParams(max_tokens=1000))))

    assert 1 <= server.bodies[0]["max_tokens"] <= 256 - 80


async def test_stop_strings_are_cut_even_if_the_server_leaves_them_in():
    sampling = SamplingParams(stop=("\nUser:",))
    async with CompletionServer(say("fine", "\nUs", "er: more", "and more")) as server, engine_at(server) as engine:
        events = await collect(engine.generate(ask(user("hi"), sampling=sampling)))

    assert text_of(events) == "fine"
    assert end_of(events).reason is FinishReason.STOP


async def test_characters_cut_by_the_transport_or_by_escapes_arrive_whole():
    whole = chunk("你好")
    middle = whole.index("好".encode()) + 1
    halves = [json.dumps("😀")[1:7], json.dumps("😀")[7:13]]
    escaped = [chunk("@").replace(b"@", half.encode()) for half in halves]

    events, _ = await answer(write(whole[:middle], whole[middle:], *escaped, chunk(reason="stop")))

    assert [event.text for event in events if isinstance(event, Piece)] == ["你好", "😀"]


# --- cancel ---


async def test_cancel_ends_the_stream_and_closes_the_connection():
    async with CompletionServer(hang("one")) as server, engine_at(server, timeout_s=30) as engine:
        request, events = ask(user("hi")), []
        async for event in engine.generate(request):
            events.append(event)
            if isinstance(event, Piece):
                await engine.cancel(request.id)
        await server.closed.wait()

    assert shape_of(events) == "SPF"
    assert end_of(events).reason is FinishReason.CANCELLED


async def test_closing_the_iterator_closes_the_connection():
    async with CompletionServer(hang("one")) as server, engine_at(server, timeout_s=30) as engine:
        async with aclosing(engine.generate(ask(user("hi")))) as events:
            async for event in events:
                if isinstance(event, Piece):
                    break
        await server.closed.wait()

        assert engine.health().running == 0


async def test_cancel_of_an_unknown_request_is_nothing():
    async with CompletionServer(say("ok")) as server, engine_at(server) as engine:
        await engine.cancel("nobody")


# --- what servers do wrong, before the first piece ---


@pytest.mark.parametrize(
    "failure",
    [
        refuse(500),
        refuse(503),
        refuse(429, headers={"Retry-After": "0"}),
        drop(),
        write(b"<html>Bad gateway</html>", content_type="text/html"),
        write(b"data: {not json\n\n"),
        write(b"data: 42\n\n"),
        write(b'data: {"choices": "none"}\n\n'),
        write(b"data: \xff\xfe\n\n"),
        write(b'{"choices": []}', content_type="application/json"),
        write(data({"error": {"message": "overloaded"}})),
        write(chunk("")),
    ],
    ids=["500", "503", "429", "dropped", "html", "no-json", "number", "no-list", "no-utf8", "json", "error", "no-end"],
)
async def test_a_failure_before_the_first_piece_is_tried_again(failure: Behaviour):
    events, server = await answer(failure, say("fine"))

    assert text_of(events) == "fine"
    assert shape_of(events) == "SPF"
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (refuse(500), "500"),
        (refuse(429), "429"),
        (write(b"<html></html>", content_type="text/html"), "ENGINE_URL"),
        (write(b"data: {not json\n\n"), "ENGINE_URL"),
        (drop(), "broke off"),
    ],
)
async def test_a_server_that_only_fails_is_down_after_three_attempts(failure: Behaviour, word: str):
    async with CompletionServer(failure) as server, engine_at(server) as engine:
        with pytest.raises(EngineDown) as caught:
            await collect(engine.generate(ask(user("hi"))))

    assert word in caught.value.detail
    assert len(server.bodies) == 3


async def test_a_server_that_hangs_is_given_up_after_the_time_out():
    async with CompletionServer(hang()) as server, engine_at(server, timeout_s=0.3) as engine:
        with pytest.raises(EngineDown) as caught:
            await collect(engine.generate(ask(user("hi"))))

    assert "in time" in caught.value.detail
    assert len(server.bodies) == 1


async def test_retry_after_is_honoured():
    limited = refuse(429, headers={"Retry-After": "0.2"})
    async with CompletionServer(limited, say("ok")) as server, engine_at(server) as engine:
        began = asyncio.get_running_loop().time()
        events = await collect(engine.generate(ask(user("hi"))))
        took = asyncio.get_running_loop().time() - began

    assert text_of(events) == "ok"
    assert took >= 0.2


async def test_a_server_that_asks_for_a_long_wait_is_not_waited_for():
    async with CompletionServer(refuse(429, headers={"Retry-After": "3600"})) as server, engine_at(server) as engine:
        with pytest.raises(EngineDown):
            await collect(engine.generate(ask(user("hi"))))


async def test_nobody_at_the_address_is_down():
    engine = RemoteEngine(["http://127.0.0.1:9"], model="m", pause_s=0.01)
    with pytest.raises(EngineDown):
        await collect(engine.generate(ask(user("hi"))))
    await engine.close()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_names_its_setting_and_is_not_tried_again(status: int):
    async with CompletionServer(refuse(status)) as server, engine_at(server) as engine:
        with pytest.raises(EngineDown) as caught:
            await collect(engine.generate(ask(user("hi"))))

    assert "ENGINE_KEY" in caught.value.detail
    assert len(server.bodies) == 1


async def test_an_unknown_model_names_its_setting():
    async with CompletionServer(refuse(404, "model not found")) as server, engine_at(server) as engine:
        with pytest.raises(EngineDown) as caught:
            await collect(engine.generate(ask(user("hi"))))

    assert "ENGINE_MODEL" in caught.value.detail


async def test_a_bad_request_carries_the_servers_reason():
    async with CompletionServer(refuse(400, "roles must alternate")) as server, engine_at(server) as engine:
        with pytest.raises(RequestRejected) as caught:
            await collect(engine.generate(ask(user("hi"))))

    assert caught.value.values == {"reason": "roles must alternate"}


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
        "the request exceeds the available context size, try increasing it",
        "Input is longer than the maximum model length of 4096.",
    ],
)
async def test_a_prompt_over_the_servers_window_is_too_long(message: str):
    async with CompletionServer(refuse(400, message)) as server, engine_at(server, window=4096) as engine:
        with pytest.raises(PromptTooLong) as caught:
            await collect(engine.generate(ask(user("hi"))))

    assert caught.value.values["window"] == 4096
    assert len(server.bodies) == 1


async def test_an_empty_prompt_is_rejected_without_asking():
    async with CompletionServer(say("ok")) as server, engine_at(server) as engine:
        with pytest.raises(RequestRejected):
            await collect(engine.generate(ask(user("  "))))

    assert server.bodies == []


# --- after the first piece ---


@pytest.mark.parametrize(
    "failure",
    [
        drop("one"),
        hang("one"),
        write(chunk("one")),
        write(chunk("one"), data({"error": "lost"})),
        write(chunk("one"), b"data: \xff\n\n"),
    ],
    ids=["dropped", "hangs", "no-end", "error", "no-utf8"],
)
async def test_a_failure_after_a_piece_ends_openly_and_is_not_doubled(failure: Behaviour):
    async with CompletionServer(failure, say("again")) as server, engine_at(server, timeout_s=1) as engine:
        events = engine.generate(ask(user("hi")))
        assert await anext(events) == Started("served")
        assert await anext(events) == Piece("one")
        with pytest.raises(EngineDied):
            await anext(events)

    assert len(server.bodies) == 1


# --- several addresses, and the rest of those that fail ---


async def test_the_least_busy_address_is_asked():
    first, second = CompletionServer(hang("a")), CompletionServer(say("b"))
    async with first, second, engine_at(first, second, timeout_s=30) as engine:
        waiting = engine.generate(ask(user("hi")))
        await anext(waiting)
        events = await collect(engine.generate(ask(user("hi"))))
        await waiting.aclose()

    assert text_of(events) == "b"


async def test_a_failing_address_is_passed_over_without_a_pause():
    broken, sound = CompletionServer(refuse(500)), CompletionServer(say("fine"))
    async with broken, sound, engine_at(broken, sound, pause_s=60) as engine:
        answers = [text_of(await collect(engine.generate(ask(user("hi"))))) for _ in range(8)]

    assert answers == ["fine"] * 8
    assert len(broken.bodies) == 5


async def test_an_address_that_hangs_is_passed_over():
    hanging, sound = CompletionServer(hang()), CompletionServer(say("fine"))
    async with hanging, sound, engine_at(hanging, sound, timeout_s=1) as engine:
        assert text_of(await collect(engine.generate(ask(user("hi"))))) == "fine"


async def test_after_repeated_failures_the_engine_is_down_at_once_until_a_probe_succeeds():
    async with CompletionServer(*[refuse(500)] * 5, say("back")) as server, engine_at(server, rest_s=0.2) as engine:
        for _ in range(3):
            with pytest.raises(EngineDown):
                await collect(engine.generate(ask(user("hi"))))
        assert engine.health().state is EngineState.RESTARTING
        assert "500" in engine.health().detail
        assert len(server.bodies) == 5

        await asyncio.sleep(0.25)
        assert text_of(await collect(engine.generate(ask(user("hi"))))) == "back"
        assert engine.health().state is EngineState.READY


# --- life ---


async def test_start_learns_the_model_and_reports_it():
    async with CompletionServer(say("ok")) as server, engine_at(server, model="", window=1000) as engine:
        await engine.start()
        assert engine.health().state is EngineState.LOADING
        while engine.health().state is EngineState.LOADING:
            await asyncio.sleep(0.01)
        health = engine.health()

    assert (health.state, health.release, health.window, health.capacity) == (EngineState.READY, "served", 1000, 16)


async def test_start_without_a_server_is_restarting_with_a_reason():
    engine = RemoteEngine(["http://127.0.0.1:9"])
    await engine.start()
    while engine.health().state is EngineState.LOADING:
        await asyncio.sleep(0.01)

    assert engine.health().state is EngineState.RESTARTING
    assert "cannot be reached" in engine.health().detail
    await engine.close()


async def test_close_ends_what_is_in_flight():
    async with CompletionServer(hang("one")) as server, engine_at(server, timeout_s=30) as engine:
        events = engine.generate(ask(user("hi")))
        while not isinstance(await anext(events), Piece):
            pass
        await engine.close()
        with pytest.raises(EngineDied):
            await anext(events)


async def test_messages_are_estimated_from_above():
    engine = RemoteEngine(["http://127.0.0.1:9"])
    costs = await engine.count_tokens([user("Hello world"), user("你好，世界")])
    await engine.close()

    assert len(costs) == 2
    assert costs[0] > 3
    assert costs[1] > 5
