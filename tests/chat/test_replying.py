from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.generation import EngineHealth, EngineState, FinishReason, PromptMessage, Role
from bot.domain.messages import Attachment, ContinueReply, Control, DeleteMessage, RegenerateReply, StopReply
from bot.engine.scripted import ScriptedGenerator
from bot.errors import EngineDied, Refused
from tests.houses import ANA, BEN, CHANNEL, DIRECT, LIN, OTHER, ROBOT, THREAD, House, chat_settings, open_house
from tests.patience import PATIENCE_S


async def test_a_message_is_answered_and_the_turn_knows_how_it_was_made(house: House) -> None:
    house.generator.enqueue("Good ", "morning.")

    answer = await house.ask("Hello")

    assert (answer.text, answer.status) == ("Good morning.", TurnStatus.COMPLETE)
    assert answer.release == house.generator.health().release
    assert answer.prompt is not None
    assert [message.role for message in answer.prompt] == [Role.SYSTEM, Role.USER]
    assert answer.prompt[-1].content == "Hello"
    assert answer.sampling is not None
    assert answer.timings.first_piece is not None
    assert house.platform.sent == ["Good morning."]


async def test_the_pieces_are_shown_as_they_come(house: House) -> None:
    gate = asyncio.Event()
    house.generator.enqueue("Good ", gate, "morning.")

    accepted = await house.core.accept(house.message("Hello"))
    await house.platform.until(lambda: any(reply.states for reply in house.platform.replies))
    assert house.platform.replies[0].states[-1][0] == "Good "
    gate.set()

    assert accepted is not None
    assert (await house.settled(accepted.answer.id)).text == "Good morning."


async def test_an_event_delivered_twice_is_answered_once(house: House) -> None:
    message = house.message("Hello")

    first = await house.core.accept(message)
    second = await house.core.accept(message)

    assert first is not None
    assert second is None
    await house.settled(first.answer.id)
    assert len(house.generator.requests) == 1


async def test_what_is_only_said_in_a_channel_is_neither_answered_nor_stored(house: House) -> None:
    assert await house.core.accept(house.message("Lunch?", place=CHANNEL, mention=False)) is None

    async with house.services.units.reading() as uow:
        totals = await uow.statistics.totals()
    assert (totals.turns, totals.conversations, totals.pending) == (0, 0, 0)


async def test_a_bot_is_never_answered(house: House) -> None:
    assert await house.core.accept(house.message("Hello", by=ROBOT)) is None


async def test_a_thread_goes_on_without_another_mention(house: House) -> None:
    assert await house.core.accept(house.message("First?", place=THREAD, mention=False)) is None
    await house.ask("Hello", place=THREAD)

    follow_up = await house.core.accept(house.message("And then?", place=THREAD, mention=False))

    assert follow_up is not None


async def test_the_conversation_is_remembered(house: House) -> None:
    house.generator.enqueue("Hello Ana.")
    await house.ask("My name is Ana.")

    answer = await house.ask("What is my name?")

    assert answer.prompt is not None
    assert [message.content for message in answer.prompt[1:]] == ["My name is Ana.", "Hello Ana.", "What is my name?"]


async def test_a_reply_to_an_older_answer_branches(house: House) -> None:
    house.generator.enqueue("one")
    first = await house.ask("first")
    await house.ask("second")

    answer = await house.ask("instead", reply_to=first.id)

    assert answer.prompt is not None
    assert [message.content for message in answer.prompt[1:]] == ["first", "one", "instead"]


async def test_a_channel_forgets_after_the_idle_window_and_a_thread_does_not(house: House) -> None:
    for place, remembered in ((CHANNEL, False), (THREAD, True)):
        await house.ask("first", place=place)
        house.clock.forward(timedelta(minutes=31))

        answer = await house.ask("second", place=place)

        assert answer.prompt is not None
        assert any(message.content == "first" for message in answer.prompt) is remembered


async def test_people_are_named_where_several_talk(house: House) -> None:
    await house.ask("I like tea", by=ANA, place=CHANNEL)

    answer = await house.ask("I like coffee", by=BEN, place=CHANNEL)

    assert answer.prompt is not None
    asked = [message.content for message in answer.prompt if message.role is Role.USER]
    assert asked == ["Ana: I like tea", "Ben: I like coffee"]


async def test_the_next_message_waits_for_the_answer_before_it(house: House) -> None:
    gate = asyncio.Event()
    house.generator.enqueue(gate, "first answer")
    house.generator.enqueue("second answer")
    await house.core.accept(house.message("one"))
    second = await house.core.accept(house.message("two"))
    assert second is not None
    gate.set()

    answer = await house.settled(second.answer.id)

    assert answer.prompt is not None
    assert "first answer" in [message.content for message in answer.prompt]


async def test_conversations_do_not_wait_for_each_other(tmp_path: Path) -> None:
    gate = asyncio.Event()
    generator = ScriptedGenerator(capacity=2)
    generator.enqueue(gate, "slow")
    generator.enqueue("fast")
    async with open_house(tmp_path, generator=generator) as house:
        await house.core.accept(house.message("one", place=CHANNEL))
        await house.platform.until(lambda: bool(generator.requests))

        assert (await house.ask("two", place=OTHER)).text == "fast"
        gate.set()
        assert [answer.text for answer in await house.platform.answers(2)] == ["fast", "slow"]


async def test_people_in_line_are_told_their_place(house: House) -> None:
    gate = asyncio.Event()
    house.generator.enqueue(gate, "first")
    await house.core.accept(house.message("one", place=CHANNEL))
    await house.platform.until(lambda: bool(house.generator.requests) or bool(house.platform.replies))
    while not house.generator.requests:
        await asyncio.sleep(0.01)

    waiting = await house.core.accept(house.message("two", by=BEN, place=OTHER))
    assert waiting is not None
    async with asyncio.timeout(PATIENCE_S):
        while not any(reply.positions == [1] for reply in house.platform.replies):
            await asyncio.sleep(0.01)
    gate.set()

    assert (await house.settled(waiting.answer.id)).status is TurnStatus.COMPLETE


async def test_regenerating_adds_a_sibling_from_the_same_prompt(house: House) -> None:
    house.generator.enqueue("one")
    house.generator.enqueue("two")
    first = await house.ask("Hello")

    accepted = await house.core.accept(RegenerateReply("r1", DIRECT, house.ref(first.id), ANA, house.clock.now()))
    assert accepted is not None
    second = await house.settled(accepted.answer.id)

    assert second.parent_id == first.parent_id
    assert second.prompt == first.prompt
    assert (first.text, second.text) == ("one", "two")


async def test_continuing_goes_on_from_the_answer_itself(house: House) -> None:
    house.generator.enqueue("Once upon", finish=FinishReason.LENGTH)
    house.generator.enqueue(" a time.")
    first = await house.ask("Tell me a story")

    accepted = await house.core.accept(ContinueReply("c1", DIRECT, house.ref(first.id), ANA, house.clock.now()))
    assert accepted is not None
    rest = await house.settled(accepted.answer.id)

    assert rest.parent_id == first.id
    assert rest.prompt is not None
    assert rest.prompt[-1].role is Role.ASSISTANT
    assert rest.prompt[-1].content == "Once upon"
    assert "length limit" in first.note


async def test_a_stopped_answer_keeps_what_was_written(house: House) -> None:
    house.generator.enqueue("Once upon", asyncio.Event())
    accepted = await house.core.accept(house.message("Tell me a story"))
    assert accepted is not None
    await house.platform.until(lambda: any(reply.states for reply in house.platform.replies))

    assert await house.core.stop(StopReply(DIRECT, ANA))
    answer = await house.settled(accepted.answer.id)

    assert (answer.text, answer.status, answer.note) == ("Once upon", TurnStatus.STOPPED, "Stopped.")
    assert Control.CONTINUE in (await house.platform.answers())[0].controls
    assert house.generator.cancelled == [accepted.answer.id]


async def test_nobody_stops_the_answer_of_another_by_a_word(house: House) -> None:
    gate = asyncio.Event()
    house.generator.enqueue(gate, "done")
    accepted = await house.core.accept(house.message("Hello", place=CHANNEL))
    assert accepted is not None
    await house.platform.until(lambda: bool(house.platform.replies))

    assert not await house.core.stop(StopReply(CHANNEL, BEN))
    gate.set()

    assert (await house.settled(accepted.answer.id)).status is TurnStatus.COMPLETE


async def test_a_deleted_question_stops_its_answer(house: House) -> None:
    house.generator.enqueue("Well", asyncio.Event())
    message = house.message("Hello")
    accepted = await house.core.accept(message)
    assert accepted is not None
    await house.platform.until(lambda: any(reply.states for reply in house.platform.replies))

    await house.core.delete(DeleteMessage(message.ref))

    assert (await house.settled(accepted.answer.id)).status is TurnStatus.STOPPED


async def test_an_engine_that_dies_half_way_leaves_what_it_wrote_openly_unfinished(house: House) -> None:
    house.generator.enqueue("Half of", EngineDied())

    answer = await house.ask("Hello")

    assert (answer.text, answer.status) == ("Half of", TurnStatus.INTERRUPTED)
    assert "Continue" in answer.note


async def test_a_missing_engine_is_said_in_the_askers_language(house: House) -> None:
    house.generator.set_health(EngineState.FAILED, "the folder is gone")

    answer = await house.ask("你好", by=LIN)

    assert answer.status is TurnStatus.FAILED
    assert "没有可用的模型" in answer.text


async def test_an_unforeseen_error_is_answered_with_a_sentence_and_logged(house: House) -> None:
    house.generator.enqueue(RuntimeError("secret detail"))

    answer = await house.ask("Hello")

    assert answer.status is TurnStatus.FAILED
    assert "secret" not in answer.text


async def test_an_answer_of_blanks_is_not_shown_as_one(house: House) -> None:
    house.generator.enqueue("  ", "\n")

    answer = await house.ask("Hello")

    assert answer.status is TurnStatus.FAILED
    assert "Regenerate" in answer.text


@pytest.mark.parametrize("text", ["", "   \n\t", "\x00\x07\u2028"])
async def test_an_empty_message_is_refused_and_not_stored(house: House, text: str) -> None:
    with pytest.raises(Refused, match=r"message\.empty"):
        await house.core.accept(house.message(text))

    assert await house.pending() == 0


async def test_control_characters_and_half_surrogates_are_taken_out(house: House) -> None:
    answer = await house.ask("a\x00b\x1bc\r\nd \ud83d e 😀")

    assert answer.prompt is not None
    assert answer.prompt[-1].content == "abc\nd \ufffd e 😀"


async def test_forty_thousand_characters_are_kept_and_refused_with_the_way_out(house: House) -> None:
    answer = await house.ask("word " * 8000)

    assert answer.status is TurnStatus.FAILED
    assert "/summarize" in answer.text
    assert answer.parent_id is not None
    assert len((await house.turn(answer.parent_id)).text) == 8000 * 5 - 1


async def test_what_no_longer_fits_is_left_out_from_the_old_end_and_said_once(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: "yes", window=256)
    async with open_house(tmp_path, generator=generator, settings=chat_settings(MAX_ANSWER_TOKENS="32")) as house:
        answers = [await house.ask(f"question {number} " + "word " * 30) for number in range(8)]

    prompts = [answer.prompt for answer in answers]
    assert prompts[-1] is not None
    assert "question 0" not in "".join(message.content for message in prompts[-1])
    assert "question 7" in prompts[-1][-1].content
    assert sum("left out" in answer.note for answer in answers) == 1


async def test_a_text_file_is_read_and_remembered(house: House) -> None:
    house.platform.files["f1"] = "\ufeff第一行\nsecond line".encode()
    file = Attachment("notes.txt", "text/plain", 30, "f1")

    await house.ask("What does it say?", attachments=(file,))
    house.platform.files.clear()
    answer = await house.ask("And again?")

    assert answer.prompt is not None
    assert "[notes.txt]\n第一行\nsecond line" in answer.prompt[1].content


@pytest.mark.parametrize(
    ("file", "word"),
    [
        (Attachment("photo.png", "image/png", 10, "f1"), "not a text file"),
        (Attachment("huge.txt", "text/plain", 2 << 20, "f1"), "larger than 1024 KiB"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_by_name(house: House, file: Attachment, word: str) -> None:
    house.platform.files["f1"] = b"x"

    answer = await house.ask("Read this", attachments=(file,))

    assert answer.status is TurnStatus.REFUSED
    assert word in answer.text
    assert file.name in answer.text


class _LateWindow(ScriptedGenerator):
    """An engine that knows its window only when its tokenizer is there."""

    _loaded = False

    def health(self) -> EngineHealth:
        return super().health() if self._loaded else replace(super().health(), window=0)

    async def count_tokens(self, messages: Sequence[PromptMessage]) -> Sequence[int]:
        self._loaded = True
        return await super().count_tokens(messages)


@pytest.mark.parametrize("text", ["Hello", "/summarize Ana: hi"])
async def test_a_message_that_comes_while_the_model_loads_is_fitted_when_it_is_there(tmp_path: Path, text: str) -> None:
    async with open_house(tmp_path, generator=_LateWindow(lambda request: "Here I am.")) as house:
        assert (await house.ask(text)).text == "Here I am."
