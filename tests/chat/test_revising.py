from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.offering import changes_under
from bot.domain.conversation import Turn, TurnStatus
from bot.domain.generation import FinishReason, PromptMessage, Role
from bot.domain.lengths import count
from bot.domain.messages import Change, RegenerateReply, ReviseReply, ShareReply
from bot.domain.preferences import Preference, PreferenceName
from bot.domain.training import ExampleKind
from bot.engine.scripted import ScriptedGenerator
from bot.settings import BUNDLED_WRITER
from bot.training.collecting import rated_turns
from bot.training.consent import Consent
from bot.training.earning import Earning
from tests.houses import ANA, DIRECT, LIN, House, open_house

TEN = "One two three four five six seven eight nine ten. "


async def _draft(house: House, text: str, **options: str) -> Turn:
    house.generator.enqueue(text)
    return await house.call("write", **{"about": "numbers", **options})


async def test_a_shorter_text_stands_beside_the_one_it_is_made_from(house: House) -> None:
    draft = await _draft(house, TEN * 4)
    house.generator.enqueue(TEN * 2)

    shorter = await house.press(ReviseReply, draft.id, change=Change.SHORTER)

    assert (shorter.parent_id, shorter.revises, shorter.change) == (draft.parent_id, draft.id, "shorter")
    assert shorter.text == (TEN * 2).strip()
    assert shorter.prompt is not None
    assert shorter.prompt[-1].content == (
        f"Make the following text shorter: about 22 words. Answer with the text only.\n\n{(TEN * 4).strip()}"
    )


async def test_shorter_is_from_four_to_seven_tenths_whatever_the_model_says(house: House) -> None:
    draft = await _draft(house, TEN * 10)
    house.generator.enqueue(TEN * 10)

    shorter = await house.press(ReviseReply, draft.id, change=Change.SHORTER)

    assert shorter.text == (TEN * 7).strip()
    assert shorter.note == ""


async def test_longer_is_really_longer(house: House) -> None:
    draft = await _draft(house, TEN * 2)
    house.generator.enqueue(TEN * 2)
    house.generator.enqueue(TEN)

    longer = await house.press(ReviseReply, draft.id, change=Change.LONGER)

    assert count(longer.text) == 30


@pytest.mark.parametrize(("change", "words"), [(Change.FORMAL, "更正式"), (Change.FRIENDLY, "更亲切")])
async def test_a_chinese_text_is_changed_in_chinese(house: House, change: Change, words: str) -> None:
    draft = await _draft(house, "大家好，周五休息。", form="announcement")
    house.generator.enqueue("各位同事：周五放假。")

    changed = await house.press(ReviseReply, draft.id, change=change)

    assert changed.prompt is not None
    assert words in changed.prompt[-1].content
    assert changed.text == "各位同事：周五放假。"


async def test_the_other_language_is_asked_for_as_a_translation(house: House) -> None:
    draft = await _draft(house, "Lunch is at noon.")
    house.generator.enqueue("午饭在中午。")
    chinese = await house.press(ReviseReply, draft.id, change=Change.CHINESE)
    house.generator.enqueue("午饭在中午。")
    house.generator.enqueue("午饭。")
    english = await house.press(ReviseReply, chinese.id, change=Change.ENGLISH)

    assert chinese.prompt is not None
    assert chinese.prompt[-1].content.startswith("Translate the following text into Chinese.")
    assert (chinese.text, chinese.note) == ("午饭在中午。", "")
    assert english.prompt is not None
    assert english.prompt[-1].content == "把下面的文字翻译成英文，只写译文。\n\n午饭在中午。"
    assert "not in english" in english.note


async def test_a_list_stays_a_list(house: House) -> None:
    draft = await _draft(house, "- one two\n- three four\n- five six", form="list")
    house.generator.enqueue("one two, three")
    house.generator.enqueue("- one two\n- three")

    shorter = await house.press(ReviseReply, draft.id, change=Change.SHORTER)

    assert shorter.text == "- one two\n- three"


async def test_another_of_a_changed_text_is_made_from_the_same_source(house: House) -> None:
    draft = await _draft(house, TEN * 4)
    first = await house.press(ReviseReply, draft.id, change=Change.FORMAL)

    second = await house.press(RegenerateReply, first.id)

    assert (second.revises, second.change, second.prompt) == (draft.id, "formal", first.prompt)


async def test_changes_are_offered_under_texts_and_the_language_is_the_other_one(house: House) -> None:
    english = await _draft(house, "Lunch is at noon.")
    chinese = await _draft(house, "午饭在中午。")
    talk = await house.ask("Hello")
    shared = await house.press(ShareReply, english.id)

    wording = (Change.SHORTER, Change.LONGER, Change.FORMAL, Change.FRIENDLY)
    assert changes_under(english) == (*wording, Change.CHINESE)
    assert changes_under(chinese) == (*wording, Change.ENGLISH)
    assert changes_under(talk) == changes_under(shared) == ()


async def test_a_text_that_broke_off_can_be_changed_too(house: House) -> None:
    house.generator.enqueue(TEN + "And so", finish=FinishReason.LENGTH)
    draft = await house.call("write", about="numbers")
    house.generator.enqueue("Ten numbers, in order.")

    changed = await house.press(ReviseReply, draft.id, change=Change.FORMAL)

    assert changed.status is TurnStatus.COMPLETE


# --- the bundled writer ---------------------------------------------------------------------------------------------


class _Bundled(ScriptedGenerator):
    def health(self):  # type: ignore[no-untyped-def]
        return replace(super().health(), model=str(BUNDLED_WRITER))


async def test_the_bundled_writer_keeps_the_beginning_under_the_prompt_that_it_answers(tmp_path: Path) -> None:
    generator = _Bundled()
    async with open_house(tmp_path, generator=generator) as house:
        draft = await _draft(house, TEN * 10)
        shorter = await house.press(ReviseReply, draft.id, change=Change.SHORTER)
        generator.enqueue(TEN * 10)
        another = await house.press(RegenerateReply, shorter.id)

    assert len(generator.requests) == 2
    assert shorter.text == another.text == (TEN * 7).strip()
    assert (shorter.prompt, shorter.release) == (draft.prompt, draft.release)


async def test_the_bundled_writer_goes_on_with_the_text(tmp_path: Path) -> None:
    generator = _Bundled()
    async with open_house(tmp_path, generator=generator) as house:
        draft = await _draft(house, TEN * 2)
        generator.enqueue(" note it. " + TEN)
        longer = await house.press(ReviseReply, draft.id, by=LIN, change=Change.LONGER)

    assert generator.requests[-1].messages[-1] == PromptMessage(Role.ASSISTANT, f"{(TEN * 2).strip()}\n\nPlease")
    assert longer.text.startswith((TEN * 2).strip())
    assert count(longer.text) == 33


# --- what it teaches ------------------------------------------------------------------------------------------------


async def test_a_shorter_text_that_is_used_is_preferred_to_the_one_it_was_made_from(house: House) -> None:
    async with house.services.units() as uow:
        allowed = Preference(DIRECT.channel_key, PreferenceName.LEARNING, "on", ANA.key, house.clock.now())
        await uow.preferences.put(allowed)
    draft = await _draft(house, TEN * 4)
    house.generator.enqueue(TEN * 2)
    shorter = await house.press(ReviseReply, draft.id, change=Change.SHORTER)
    await house.press(ShareReply, shorter.id)

    consent = Consent(house.services.units)
    earning = Earning(consent, "", Counter())
    rated = [each async for each in rated_turns(house.services.units, consent)]
    pairs = [
        example
        for each in rated
        for earned in earning.earn(each)
        for example in earned.examples
        if example.kind is ExampleKind.PAIR
    ]

    assert [(pair.prompt, pair.answer, pair.rejected) for pair in pairs] == [(draft.prompt, shorter.text, draft.text)]
