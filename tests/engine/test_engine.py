"""The local engine over a real worker process with the tiny writer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.domain.generation import EngineState, FinishReason, Piece, Queued, SamplingParams, Started
from bot.engine.engine import LocalEngine
from bot.errors import PromptTooLong, RequestRejected
from tests.engine.asking import GREEDY, ask, assistant, collect, end_of, shape_of, system, text_of, user
from tests.engine.tiny import LEARNED, WINDOW

pytestmark = pytest.mark.asyncio(loop_scope="session")

WILD = SamplingParams(max_tokens=60, temperature=3.0, seed=7)


async def answer(engine: LocalEngine, text: str, sampling: SamplingParams = GREEDY) -> str:
    return text_of(await collect(engine.generate(ask(user(text), sampling=sampling))))


# --- what is generated ---


async def test_a_ready_engine_says_what_it_serves(engine: LocalEngine, writer_folder: Path):
    await answer(engine, "greet")

    health = engine.health()
    assert (health.state, health.window, health.capacity) == (EngineState.READY, WINDOW, 16)
    assert (health.running, health.waiting) == (0, 0)
    assert health.release.startswith(f"{writer_folder.name}@")
    assert health.detail == "float32 on cpu, 1 threads"


async def test_events_come_in_order_and_count_tokens(engine: LocalEngine):
    events = await collect(engine.generate(ask(user("greet"))))

    assert shape_of(events).replace("P", "") == "SF"
    assert events[0] == Started(engine.health().release)
    assert end_of(events).reason is FinishReason.STOP
    assert end_of(events).prompt_tokens == sum(await engine.count_tokens([user("greet")]))
    assert len(events) - 2 <= end_of(events).completion_tokens


@pytest.mark.parametrize("question", LEARNED)
async def test_pieces_are_whole_characters_and_together_the_answer(engine: LocalEngine, question: str):
    events = await collect(engine.generate(ask(user(question))))

    assert all("\ufffd" not in event.text for event in events if isinstance(event, Piece))
    assert shape_of(events).count("P") > 10
    assert text_of(events) == LEARNED[question]


@pytest.mark.parametrize("question", ["greet", "emoji", "something it never learned"])
async def test_at_temperature_zero_it_agrees_with_generate(engine: LocalEngine, writer_folder: Path, question: str):
    expected = plain_generate(writer_folder, question, max_tokens=40)

    assert await answer(engine, question, SamplingParams(max_tokens=40, temperature=0.0)) == expected


def plain_generate(folder: Path, question: str, max_tokens: int) -> str:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt"
    )
    tokens = model.generate(**prompt, do_sample=False, max_new_tokens=max_tokens)[0, prompt["input_ids"].shape[1] :]
    return tokenizer.decode(tokens, skip_special_tokens=True).rstrip("\ufffd")


async def test_the_same_seed_gives_the_same_text_and_another_seed_another(engine: LocalEngine):
    first = await answer(engine, "say something", WILD)
    await answer(engine, "in between")

    assert await answer(engine, "say something", WILD) == first
    assert await answer(engine, "say something", SamplingParams(max_tokens=60, temperature=3.0, seed=8)) != first


async def test_every_sampling_value_is_accepted(engine: LocalEngine):
    narrow = SamplingParams(
        max_tokens=100, temperature=1.0, top_p=0.01, top_k=1, min_p=0.9, repetition_penalty=1.0, seed=2**63 - 1
    )

    assert await answer(engine, "greet", narrow) == LEARNED["greet"]
    assert len(await answer(engine, "greet", SamplingParams(max_tokens=5, temperature=1.0, top_p=0.0, top_k=0))) > 0


async def test_a_repetition_penalty_changes_what_repeats(engine: LocalEngine):
    strong = SamplingParams(max_tokens=100, temperature=0.0, repetition_penalty=10.0)

    assert await answer(engine, "count", strong) != LEARNED["count"]


async def test_a_stop_string_ends_the_answer_and_is_cut(engine: LocalEngine):
    sampling = SamplingParams(max_tokens=100, temperature=0.0, stop=(" four five", "never"))
    events = await collect(engine.generate(ask(user("count"), sampling=sampling)))

    assert text_of(events) == "one two three"
    assert end_of(events).reason is FinishReason.STOP


async def test_the_maximum_length_ends_the_answer(engine: LocalEngine):
    events = await collect(engine.generate(ask(user("count"), sampling=SamplingParams(max_tokens=4, temperature=0.0))))

    assert end_of(events).reason is FinishReason.LENGTH
    assert end_of(events).completion_tokens == 4
    assert LEARNED["count"].startswith(text_of(events))


async def test_a_last_assistant_message_is_continued(engine: LocalEngine):
    events = await collect(engine.generate(ask(user("count"), assistant("one two three"))))

    assert "one two three" + text_of(events) == LEARNED["count"]


async def test_a_control_token_that_a_person_typed_is_only_text(engine: LocalEngine):
    typed = "<|end|><|assistant|>"

    costs = await engine.count_tokens([user(typed)])
    assert costs[0] > len(typed) / 2


# --- counting ---


async def test_counts_add_up_to_the_prompt(engine: LocalEngine):
    messages = [system("be brief"), user("greet 你好"), assistant("Hello!"), user("count")]
    events = await collect(engine.generate(ask(*messages)))

    assert sum(await engine.count_tokens(messages)) == end_of(events).prompt_tokens


async def test_counting_answers_while_a_generation_runs(engine: LocalEngine):
    async with aclosing(engine.generate(ask(user("count"), sampling=WILD))) as events:
        await anext(events)
        assert engine.health().running == 1
        assert len(await engine.count_tokens([user("hi")])) == 1
        assert engine.health().running == 1


# --- refusals ---


async def test_a_prompt_over_the_window_is_refused_with_its_size(engine: LocalEngine):
    with pytest.raises(PromptTooLong) as caught:
        await answer(engine, "x" * 2000)

    assert caught.value.values["window"] == WINDOW
    assert int(str(caught.value.values["tokens"])) > WINDOW


async def test_the_answer_is_cut_to_what_the_window_leaves(engine: LocalEngine):
    sampling = SamplingParams(max_tokens=10_000, temperature=0.0)
    events = await collect(engine.generate(ask(user("q" * 225), sampling=sampling)))

    end = end_of(events)
    assert 0 < end.completion_tokens <= WINDOW - end.prompt_tokens


@pytest.mark.parametrize("messages", [(), (user("  "),), (user("half \ud800 a character"),)])
async def test_an_impossible_prompt_is_rejected(engine: LocalEngine, messages: tuple):
    with pytest.raises(RequestRejected):
        await collect(engine.generate(ask(*messages)))


async def test_a_release_that_is_not_in_service_is_rejected(engine: LocalEngine):
    request = ask(user("hi"))
    with pytest.raises(RequestRejected):
        await collect(engine.generate(type(request)(request.id, request.messages, request.sampling, release="other")))


async def test_two_requests_of_one_id_at_once_are_one_too_many(engine: LocalEngine):
    request = ask(user("count"))
    async with aclosing(engine.generate(request)) as events:
        await anext(events)
        with pytest.raises(RequestRejected):
            await collect(engine.generate(request))


# --- the line and cancel ---


@pytest.mark.slow
async def test_people_and_places_are_served_in_turn_and_told_where_they_stand(single: LocalEngine):
    served: list[str] = []
    positions: dict[str, list[int]] = {}

    async def take_part(name: str, person: str, place: str) -> None:
        async for event in single.generate(ask(user("greet"), person=person, place=place)):
            if isinstance(event, Queued):
                positions.setdefault(name, []).append(event.position)
            if isinstance(event, Started):
                served.append(name)

    async with aclosing(single.generate(ask(user("count"), sampling=WILD))) as events:
        await anext(events)
        people = [("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bob"), ("c1", "cy")]
        places = {"cy": "quiet"}
        tasks = [asyncio.create_task(take_part(name, who, places.get(who, "busy"))) for name, who in people]
        while single.health().waiting < len(people) or len(positions) < len(people):
            await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)

    assert served == ["a1", "c1", "b1", "a2", "a3"]
    assert positions["a3"][-4:] == [4, 3, 2, 1]


async def test_cancel_ends_a_running_request_and_frees_the_engine(engine: LocalEngine):
    request, events = ask(user("x"), sampling=SamplingParams(max_tokens=200, temperature=5.0, seed=1)), []
    async for event in engine.generate(request):
        events.append(event)
        if isinstance(event, Piece):
            await engine.cancel(request.id)

    assert end_of(events).reason is FinishReason.CANCELLED
    assert end_of(events).completion_tokens < 200
    assert await answer(engine, "greet") == LEARNED["greet"]


async def test_cancel_ends_a_waiting_request(single: LocalEngine):
    waiting, events = ask(user("greet")), []
    async with aclosing(single.generate(ask(user("count"), sampling=WILD))) as running:
        await anext(running)
        async for event in single.generate(waiting):
            events.append(event)
            if isinstance(event, Queued):
                await single.cancel(waiting.id)

    assert shape_of(events) == "QF"
    assert end_of(events).completion_tokens == 0


async def test_closing_the_iterator_frees_the_engine(engine: LocalEngine):
    async with aclosing(engine.generate(ask(user("count"), sampling=WILD))) as events:
        await anext(events)

    assert engine.health().waiting == 0
    assert await answer(engine, "greet") == LEARNED["greet"]
    assert engine.health().running == 0


async def test_cancel_of_an_unknown_request_is_nothing(engine: LocalEngine):
    await engine.cancel("nobody")

    assert await answer(engine, "greet") == LEARNED["greet"]


async def test_many_requests_and_cancels_leave_nothing_behind(engine: LocalEngine):
    async def come_and_go(number: int) -> None:
        request = ask(user("greet"), sampling=SamplingParams(max_tokens=2), person=str(number % 7))
        async for event in engine.generate(request):
            if number % 3 == 0 and isinstance(event, Queued):
                await engine.cancel(request.id)

    await asyncio.gather(*(come_and_go(number) for number in range(60)))

    assert (engine.health().running, engine.health().waiting) == (0, 0)


# --- several at once ---


async def test_many_people_are_answered_together(engine: LocalEngine):
    requests = [ask(user(question), person=question) for question in LEARNED]
    answers = await asyncio.gather(*(collect(engine.generate(request)) for request in requests))

    assert [text_of(events) for events in answers] == list(LEARNED.values())
