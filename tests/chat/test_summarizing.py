"""/summarize: what is read and shown, in which style and language."""

from __future__ import annotations

from pathlib import Path

from bot.domain.generation import Role
from bot.domain.messages import Attachment
from bot.engine.scripted import ScriptedGenerator
from tests.chat.talking import asked, shown, stored, talk
from tests.houses import CHANNEL, LIN, House, open_house


async def test_a_channels_talk_is_summed_up_and_never_stored(house: House) -> None:
    talk(house, ("Ana", "Lunch at noon?"), ("Ben", "/help"), ("Ben", "One is better. Swordfish!"))

    answer = await house.call("summarize", place=CHANNEL)

    assert asked(house) == (
        "Summarize this conversation:\n<transcript>\nAna: Lunch at noon?\nBen: One is better. Swordfish!\n</transcript>"
    )
    assert "2 messages by 2 people" in answer.note
    assert "1 commands" in answer.note
    assert answer.private
    assert answer.prompt is None
    assert "Swordfish" not in await stored(house, answer)


async def test_key_messages_are_shown_with_their_links_and_not_stored(house: House) -> None:
    talk(
        house,
        ("Ana", "The release is blocked by the failing login test"),
        ("Ben", "lol"),
        ("Ben", "I fixed the failing login test, the release is no longer blocked"),
        ("Ana", "ok"),
        ("Cem", "coffee?"),
        ("Ana", "Then the release goes out on Friday"),
    )

    answer = await house.call("summarize", place=CHANNEL)

    assert "**Key messages**\n- [" in shown(house)
    assert "](https://chat.example/0): The release is blocked by the failing login test" in shown(house)
    assert "failing login" not in await stored(house, answer)


async def test_decisions_tasks_and_open_questions_are_listed_with_who_and_when(house: House) -> None:
    talk(
        house,
        ("Ana", "Let's go with the blue logo"),
        ("Ben", "I'll update the site by Friday"),
        ("Ana", "Cem, can you tell the printer?"),
        ("Cem", "Who pays for the flyers?"),
    )

    await house.call("summarize", place=CHANNEL)

    decisions, rest = shown(house).split("**Decisions**")[1].split("**Action items**")
    tasks, questions = rest.split("**Open questions**")
    assert "blue logo" in decisions
    assert "**Ben** (by Friday): I'll update the site" in tasks
    assert "**Cem**: Cem, can you tell the printer?" in tasks
    assert "Who pays for the flyers?" in questions


async def test_links_and_code_survive(house: House) -> None:
    talk(house, ("Ana", "see https://example.org/a_b.html,\n```py\nprint( 1 )\n  x = 2\n```"), ("Ben", "ok"))

    await house.call("summarize", place=CHANNEL)

    assert "    print( 1 )\n      x = 2" in asked(house)
    assert "- https://example.org/a_b.html ([Ana" in shown(house)


async def test_other_bots_and_what_has_no_words_are_left_out_and_counted(house: House) -> None:
    talk(house, ("CI", "Build 7 passed"), automated=True)
    talk(house, ("Ana", "We ship on Monday"), ("Ben", "👍👍"))

    answer = await house.call("summarize", place=CHANNEL)

    assert "Build" not in asked(house)
    assert "Left out: 2" in answer.note
    assert "1 by other bots" in answer.note
    assert "1 without words" in answer.note


async def test_a_pasted_text_is_summed_up_instead(house: House) -> None:
    answer = await house.ask("/summarize style:bullets Ana: hi\nBen: hello")

    assert asked(house).startswith("Summarize this conversation in bullet points:\n<transcript>\nAna: hi\nBen: hello")
    assert answer.note == ""


async def test_prose_is_asked_for_as_a_text(house: House) -> None:
    await house.ask("/summarize The committee met in spring. It chose a new chair, and the chair thanked everybody.")

    assert asked(house).startswith("Summarize this text:\n<transcript>\nThe committee met")


async def test_an_attached_text_is_summed_up_too(house: House) -> None:
    house.platform.files["f"] = "Ana: 我们周五见".encode()
    message = house.message("/summarize", by=LIN, attachments=(Attachment("chat.txt", "text/plain", 20, "f"),))
    accepted = await house.core.accept(message)
    assert accepted is not None

    await house.settled(accepted.answer.id)

    assert "我们周五见" in asked(house)


async def test_a_summary_is_beside_the_conversation(house: House) -> None:
    await house.ask("/summarize Ana: hi")
    answer = await house.ask("Hello")

    assert answer.prompt is not None
    assert [message.role for message in answer.prompt] == [Role.SYSTEM, Role.USER]


# --- styles and languages ---


async def test_the_language_is_as_asked_else_the_askers(house: House) -> None:
    talk(house, ("Ana", "hello there"), ("Ben", "hi"))

    await house.call("summarize", by=LIN, place=CHANNEL)
    assert asked(house).startswith("请总结下面的对话：")
    await house.call("summarize", by=LIN, place=CHANNEL, language="english")
    assert asked(house).startswith("Summarize this conversation:")
    answer = house.platform.finished[-1].answer
    assert answer is not None
    assert answer.note.startswith("涵盖 2 人的 2 条消息")


async def test_minutes_have_a_section_with_its_time_for_each_part(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: "They talked.", window=512)
    async with open_house(tmp_path, generator=generator) as house:
        talk(house, *(("Ana", f"remark number {number} about tea") for number in range(60)))
        answer = await house.call("summarize", place=CHANNEL, style="minutes")

    assert answer.text.count("They talked.") > 1
    assert answer.text.startswith("**2026-11-22 11:00 – ")
