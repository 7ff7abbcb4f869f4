from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import drafting
from bot.chat.offering import controls_under
from bot.domain.conversation import TurnStatus
from bot.domain.generation import FinishReason, PromptMessage, Role
from bot.domain.lengths import Length, count
from bot.domain.messages import Attachment, Control, RegenerateReply, StopReply
from bot.domain.preferences import Preference, PreferenceName
from bot.engine.engine import LocalEngine
from bot.engine.scripted import ScriptedGenerator
from bot.errors import EngineDied
from bot.settings import BUNDLED_WRITER
from tests.houses import ANA, DIRECT, LIN, House, open_house

TEN = "One two three four five six seven eight nine ten. "


def _asked(house: House, number: int = -1) -> tuple[PromptMessage, ...]:
    return house.generator.requests[number].messages


# --- options --------------------------------------------------------------------------------------------------------


async def test_wishes_stand_in_the_request(house: House) -> None:
    house.generator.enqueue("Subject: Lunch\n\nHello all. " + TEN * 2)

    await house.call("write", form="email", about="lunch", tone="formal", audience="new colleagues", length=20)

    assert _asked(house)[-1].content == "Write an email (formal, for new colleagues, about 20 words): lunch"


@pytest.mark.parametrize(
    ("creativity", "temperature", "top_p"), [("precise", 0.3, 0.8), ("balanced", None, None), ("creative", 1.0, 0.95)]
)
async def test_creativity_is_a_choice_of_sampling(
    house: House, creativity: str, temperature: float | None, top_p: float | None
) -> None:
    await house.call("write", about="tea", creativity=creativity, seed=7)

    sampling = house.generator.requests[-1].sampling
    assert (sampling.temperature, sampling.top_p, sampling.seed) == (temperature, top_p, 7)


async def test_a_form_brings_its_own_sampling(house: House) -> None:
    house.generator.enqueue("白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。")

    answer = await house.call("write", form="classical-poem", about="山")

    assert house.generator.requests[-1].sampling.repetition_penalty == 1.0
    assert _asked(house)[-1].content == "写一首关于山的古诗"
    assert answer.note == ""


async def test_another_draft_has_another_seed_and_the_same_call_the_same(house: House) -> None:
    first = await house.call("write", about="tea", seed=7)
    accepted = await house.core.accept(RegenerateReply("r", DIRECT, house.ref(first.id), ANA, house.clock.now()))
    assert accepted is not None
    await house.settled(accepted.answer.id)
    await house.call("write", about="tea", seed=7)

    assert [request.sampling.seed for request in house.generator.requests] == [7, 107, 7]


async def test_a_form_with_a_length_of_its_own_takes_none(house: House) -> None:
    answer = await house.call("write", by=LIN, form="title", about="一段文字", length=20)

    assert answer.status is TurnStatus.REFUSED
    assert "拟标题" in answer.text


async def test_the_house_style_of_the_place_is_in_the_system_message(house: House) -> None:
    async with house.services.units() as uow:
        style = Preference(DIRECT.key, PreferenceName.HOUSE_STYLE, "No exclamation marks.", ANA.key, house.clock.now())
        await uow.preferences.put(style)

    await house.call("write", form="email", about="lunch")

    assert "No exclamation marks." in _asked(house)[0].content


# --- length ---------------------------------------------------------------------------------------------------------


async def test_a_draft_that_is_long_enough_is_left_alone(house: House) -> None:
    house.generator.enqueue(TEN * 10)

    answer = await house.call("write", about="numbers", length=100)

    assert answer.text == (TEN * 10).strip()
    assert len(house.generator.requests) == 1
    assert answer.note == ""


async def test_too_long_a_draft_ends_at_a_sentence(house: House) -> None:
    house.generator.enqueue(*[TEN] * 20)

    answer = await house.call("write", about="numbers", length=50)

    assert answer.text == (TEN * 6).strip()
    assert Control.CONTINUE not in controls_under(answer)
    # Nobody waits for what is cut off anyway.
    assert house.generator.cancelled == [answer.id]


async def test_too_short_a_draft_is_gone_on_with_in_sight(house: House) -> None:
    gate = asyncio.Event()
    house.generator.enqueue(TEN * 3)
    house.generator.enqueue(gate, TEN, TEN * 2)

    accepted = await house.core.accept(house.command("write", about="numbers", length=50))
    assert accepted is not None
    await house.platform.until(lambda: ((TEN * 3), "Making it longer …") in house.platform.replies[0].states)
    gate.set()
    answer = await house.settled(accepted.answer.id)

    first, second = house.generator.requests
    assert count(answer.text) == 60
    assert [message.role for message in second.messages[-2:]] == [Role.ASSISTANT, Role.USER]
    assert "about 20 words more" in second.messages[-1].content
    assert answer.prompt == first.messages
    assert answer.note == ""


async def test_a_draft_that_broke_off_is_continued_where_it_ended(house: House) -> None:
    house.generator.enqueue(TEN * 3 + "And so", finish=FinishReason.LENGTH)
    house.generator.enqueue(" " + TEN * 2)

    answer = await house.call("write", about="numbers", length=50)

    assert _asked(house)[-1] == PromptMessage(Role.ASSISTANT, (TEN * 3).strip())
    assert answer.text == (TEN * 5).strip()


async def test_a_continuation_that_leaves_no_gap_gets_one(house: House) -> None:
    house.generator.enqueue("- one two\n- three", finish=FinishReason.LENGTH)
    house.generator.enqueue("- four\n" * 7)

    answer = await house.call("write", form="list", about="numbers", length=10)

    assert answer.text == "- one two\n" + "\n".join(["- four"] * 7)


async def test_an_emails_greeting_and_name_are_written_anew_when_it_grows(house: House) -> None:
    house.generator.enqueue(f"Subject: Tea\n\n{TEN}\n\nBest regards,\nAna")
    house.generator.enqueue(f"{TEN}\n\nBest regards,\nAna")

    answer = await house.call("write", form="email", about="tea", length=25)

    assert answer.text.count("Best regards") == 1
    assert count(answer.text) == 25


async def test_what_cannot_be_cut_is_asked_for_again_shorter(house: House) -> None:
    house.generator.enqueue("word " * 40 + "end.")
    house.generator.enqueue(TEN * 2)

    answer = await house.call("write", about="numbers", length=20)

    assert answer.text == (TEN * 2).strip()
    assert "Write it again with about 20 words" in _asked(house)[-1].content


async def test_a_length_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: "Six words are all I know.")
    async with open_house(tmp_path, generator=generator) as house:
        answer = await house.call("write", by=LIN, about="数字", length=100, language="english")

    assert "80 到 120" in answer.note
    assert answer.status is TurnStatus.COMPLETE
    assert len(generator.requests) <= 1 + 2 * drafting.LENGTH_TRIES


async def test_lists_end_at_a_line(house: House) -> None:
    house.generator.enqueue("\n".join(["- one two three. four"] * 20))

    answer = await house.call("write", form="list", about="numbers", length=20)

    assert answer.text == "\n".join(["- one two three. four"] * 6)


async def test_chinese_is_counted_by_its_characters(house: House) -> None:
    house.generator.enqueue("春天来了，花都开了。" * 10)

    answer = await house.call("write", by=LIN, form="story", about="春天", length=40)

    assert answer.text == "春天来了，花都开了。" * 6
    assert _asked(house)[-1].content == "讲一个关于春天的故事（大约40字）。"


async def test_a_draft_under_way_that_is_stopped_leaves_the_one_before(house: House) -> None:
    house.generator.enqueue("milk, eggs")
    house.generator.enqueue("- mi", asyncio.Event())

    accepted = await house.core.accept(house.command("write", form="list", about="groceries"))
    assert accepted is not None
    await house.platform.until(lambda: any(text == "- mi" for text, _ in house.platform.replies[0].states))
    await house.core.stop(StopReply(DIRECT, ANA))

    answer = await house.settled(accepted.answer.id)
    assert (answer.status, answer.text) == (TurnStatus.STOPPED, "milk, eggs")


async def test_an_engine_that_dies_over_a_correction_leaves_the_draft_and_what_is_wrong(house: House) -> None:
    house.generator.enqueue("word " * 40 + "end.")
    house.generator.enqueue(EngineDied())

    answer = await house.call("write", about="numbers", length=20)

    assert answer.status is TurnStatus.COMPLETE
    assert "this has 41" in answer.note


# --- the bundled writer ---------------------------------------------------------------------------------------------


class _Bundled(ScriptedGenerator):
    def health(self):  # type: ignore[no-untyped-def]
        return replace(super().health(), model=str(BUNDLED_WRITER))


async def test_the_bundled_writer_is_given_words_to_go_on_with(tmp_path: Path) -> None:
    generator = _Bundled()
    generator.enqueue(TEN * 2)
    generator.enqueue(" note it. " + TEN)
    async with open_house(tmp_path, generator=generator) as house:
        answer = await house.call("write", form="announcement", about="numbers", length=35)

    assert generator.requests[1].messages[-1] == PromptMessage(Role.ASSISTANT, f"{TEN.strip()} {TEN.strip()}\n\nPlease")
    assert count(answer.text) == 33


async def test_the_bundled_writers_poem_gets_another_stanza_and_its_list_another_item(tmp_path: Path) -> None:
    generator = _Bundled()
    generator.enqueue("\n".join(["one two three"] * 4))
    generator.enqueue("\n".join(["four five six"] * 4))
    generator.enqueue("- one\n" * 9)
    generator.enqueue(" two\n- three")
    async with open_house(tmp_path, generator=generator) as house:
        poem = await house.call("write", form="poem", about="numbers", length=24)
        listed = await house.call("write", form="list", about="numbers", length=13)

    assert poem.text.split("\n\n") == ["\n".join(["one two three"] * 4), "\n".join(["four five six"] * 4)]
    assert listed.text.endswith("- one\n- two\n- three")


async def test_the_bundled_writer_tries_again_in_place_of_a_correction(tmp_path: Path) -> None:
    generator = _Bundled()
    generator.enqueue("春眠不觉晓，处处闻啼鸟鸟。")
    generator.enqueue("春眠不觉晓，处处闻啼鸟。\n夜来风雨声，花落知多少。")
    async with open_house(tmp_path, generator=generator) as house:
        answer = await house.call("write", form="classical-poem", about="春")

    assert generator.requests[0].messages == generator.requests[1].messages
    assert answer.note == ""


@pytest.mark.slow
async def test_the_real_bundled_writer_keeps_a_length_or_says_that_it_did_not(tmp_path: Path) -> None:
    engine = LocalEngine(str(BUNDLED_WRITER), threads=1, dtype="auto")
    async with open_house(tmp_path, generator=engine) as house:  # type: ignore[arg-type]
        await engine.count_tokens([])
        wanted = house.command("write", form="announcement", about="the server is down on Friday", length=40, seed=3)
        accepted = await house.core.accept(wanted)
        assert accepted is not None
        async with asyncio.timeout(90):
            while house.core.is_answering(accepted.answer.id):
                await asyncio.sleep(0.1)
        answer = await house.turn(accepted.answer.id)

    assert answer.status is TurnStatus.COMPLETE
    assert answer.release is not None
    assert Length.about(40).holds(answer.text) == ("Asked for 32 to 48 words" not in answer.note)


# --- checks ---------------------------------------------------------------------------------------------------------


async def test_a_fault_is_mended_once_by_asking_with_its_name(house: House) -> None:
    house.generator.enqueue("milk, eggs")
    house.generator.enqueue("- milk\n- eggs")

    answer = await house.call("write", form="list", about="groceries")

    assert answer.text == "- milk\n- eggs"
    assert "Each line must begin with" in _asked(house)[-1].content
    assert answer.note == ""
    assert answer.prompt == house.generator.requests[0].messages


async def test_a_fault_that_stays_is_said_in_the_askers_language(house: House) -> None:
    house.generator.enqueue("牛奶、鸡蛋")
    house.generator.enqueue("牛奶和鸡蛋")

    answer = await house.call("write", by=LIN, form="list", about="购物")

    assert len(house.generator.requests) == 2
    assert answer.note.startswith("有不合要求之处：")


async def test_tokens_of_all_tries_are_counted_and_none_of_them_is_taken_for_a_break(house: House) -> None:
    house.generator.enqueue("milk, eggs")
    house.generator.enqueue("- milk\n", "- eggs")

    answer = await house.call("write", form="list", about="groceries")

    assert answer.completion_tokens == 3
    assert answer.sampling is not None
    assert answer.completion_tokens < answer.sampling.max_tokens


# --- /translate and /code -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "to", "into", "said"),
    [
        ("Good morning", None, "Chinese", "早上好"),
        ("早上好", None, "English", "Good morning"),
        ("Good morning", "german", "German", "Guten Morgen"),
        ("Good morning", "德语", "German", "Guten Morgen"),
        ("Good morning", "Klingon", "Klingon", "nuqneH"),
    ],
)
async def test_a_text_is_translated_into_the_other_language_or_the_one_named(
    house: House, text: str, to: str | None, into: str, said: str
) -> None:
    house.generator.enqueue(said)

    answer = await house.call("translate", text=text, **({"to": to} if to else {}))

    assert _asked(house)[-1].content == (
        f"Translate the following text into {into}. Answer with the translation only.\n\n{text}"
    )
    assert (answer.text, answer.note) == (said, "")


async def test_an_attached_file_is_translated(house: House) -> None:
    house.platform.files["f"] = "早上好".encode()
    house.generator.enqueue("Good morning")

    await house.ask("/translate", attachments=(Attachment("a.txt", "text/plain", 9, "f"),))

    assert _asked(house)[-1].content.endswith("into English. Answer with the translation only.\n\n早上好")


async def test_nothing_to_translate_is_refused(house: House) -> None:
    answer = await house.call("translate")

    assert answer.status is TurnStatus.REFUSED
    assert "no text to translate" in answer.text


async def test_a_translation_that_is_none_is_said(house: House) -> None:
    answer = await house.call("translate", text="Good morning", to="chinese")

    assert "not in chinese" in answer.note


async def test_code_stands_in_a_block_of_its_language(house: House) -> None:
    house.generator.enqueue("```\nprint(1)\n```")

    answer = await house.call("code", task="print one", language="Python")

    assert answer.text == "```python\nprint(1)\n```"
    assert _asked(house)[-1].content.startswith("Write Python code for the following task.")


async def test_code_that_does_not_parse_is_asked_for_again_and_then_said(house: House) -> None:
    house.generator.enqueue("```python\nprint(1\n```")
    house.generator.enqueue("```python\nx = 1\nprint(1\n```")

    answer = await house.call("code", task="print one")

    assert "error at line 1" in _asked(house)[-1].content
    assert "error at line" in answer.note
