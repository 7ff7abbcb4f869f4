from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.generation import Role
from bot.domain.messages import Attachment, HistoryMessage, MessageRef, RateReply, RegenerateReply, SuggestAnswer
from bot.domain.places import Person, Platform
from bot.domain.ratings import RatingSource, Verdict
from bot.engine.scripted import ScriptedGenerator
from tests.houses import ANA, BEN, CHANNEL, DIRECT, LIN, ROBOT, House, open_house


async def test_write_asks_the_model_for_the_form_and_stays_in_the_conversation(house: House) -> None:
    house.generator.enqueue("Dear team, lunch at noon.")
    draft = await house.call("write", form="email", about="invite the team to lunch")
    shorter = await house.ask("Make it shorter")

    assert draft.prompt is not None
    assert draft.prompt[-1].content == "Write an email: invite the team to lunch"
    assert shorter.prompt is not None
    assert [message.content for message in shorter.prompt[1:3]] == [
        "/write form:email invite the team to lunch",
        "Dear team, lunch at noon.",
    ]


async def test_typed_words_and_a_form_are_one_command(house: House) -> None:
    typed = await house.ask("!write email invite the team")
    called = await house.call("write", form="email", about="invite the team")

    assert typed.prompt == called.prompt


@pytest.mark.parametrize(
    ("language", "asked"), [("chinese", "写首小诗：the sea"), ("english", "Write a poem about the sea.")]
)
async def test_write_writes_in_the_language_asked_for(house: House, language: str, asked: str) -> None:
    answer = await house.call("write", by=LIN, form="poem", language=language, about="the sea")

    assert answer.prompt is not None
    assert answer.prompt[-1].content == asked


async def test_a_regenerated_draft_has_the_same_options(house: House) -> None:
    first = await house.call("write", form="poem", about="the sea")

    accepted = await house.core.accept(RegenerateReply("r", DIRECT, house.ref(first.id), ANA, house.clock.now()))
    assert accepted is not None

    assert (await house.settled(accepted.answer.id)).prompt == first.prompt


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/dance now", "no command /dance"),
        ("/write form:email", "needs “about”"),
        ("/write form:sonnet love", "not a choice"),
        ("/image count:9 a cat", "from 1 to 4"),
        ("/image a cat", "IMAGE_MODEL"),
        ("/help me", "takes no words"),
    ],
)
async def test_a_wrong_command_is_answered_with_what_to_do(house: House, text: str, words: str) -> None:
    answer = await house.ask(text)

    assert answer.status in (TurnStatus.REFUSED, TurnStatus.FAILED)
    assert words in answer.text


async def test_a_path_is_not_a_command(house: House) -> None:
    answer = await house.ask("/usr/bin is full")

    assert answer.origin == "chat"


async def test_help_lists_what_the_asker_may_use_in_their_language(house: House) -> None:
    house.platform.admins.add(ANA.key)

    for_admin = await house.call("help", by=ANA)
    for_lin = await house.call("help", by=LIN)

    assert "/release" in for_admin.text
    assert "/release" not in for_lin.text
    assert "起草文字" in for_lin.text
    assert for_lin.private


async def test_admin_commands_are_refused_to_everyone_else_at_the_time_of_the_act(house: House) -> None:
    house.platform.admins.add(ANA.key)
    allowed = await house.call("release")
    house.platform.admins.clear()
    refused = await house.call("release")

    assert allowed.status is TurnStatus.COMPLETE
    assert refused.status is TurnStatus.REFUSED


async def test_release_shows_the_base_with_its_votes(house: House) -> None:
    house.platform.admins.add(ANA.key)
    answer = await house.ask("Hello")
    await house.core.rate(_rate(house, answer.id, ANA, Verdict.GOOD))

    listed = await house.call("release")

    assert house.generator.health().release in listed.text
    assert "1 answers, 1 👍, 0 👎" in listed.text


# --- ratings --------------------------------------------------------------------------------------------------------


def _rate(house: House, turn_id: str, by: Person, verdict: Verdict | None) -> RateReply:
    return RateReply(house.ref(turn_id), by, verdict, RatingSource.REACTION, house.clock.now())


async def test_a_rating_belongs_to_the_turn_and_the_release_that_wrote_it(house: House) -> None:
    answer = await house.ask("Hello")

    assert await house.core.rate(_rate(house, answer.id, ANA, Verdict.GOOD))
    assert await house.core.rate(_rate(house, answer.id, BEN, Verdict.BAD))

    async with house.services.units.reading() as uow:
        ratings = await uow.ratings.of_turns([answer.id])
    assert {(rating.person, rating.verdict, rating.release) for rating in ratings} == {
        (ANA.key, Verdict.GOOD, answer.release),
        (BEN.key, Verdict.BAD, answer.release),
    }


async def test_the_latest_verdict_of_a_person_wins_and_can_be_withdrawn(house: House) -> None:
    answer = await house.ask("Hello")
    await house.core.rate(_rate(house, answer.id, ANA, Verdict.GOOD))
    await house.core.rate(_rate(house, answer.id, ANA, Verdict.BAD))
    view = await house.core.reading.view(answer.id, ANA)
    assert view is not None
    assert (view.good, view.bad, view.own) == (0, 1, Verdict.BAD)

    assert await house.core.rate(_rate(house, answer.id, ANA, None))

    view = await house.core.reading.view(answer.id, ANA)
    assert view is not None
    assert (view.good, view.bad, view.own) == (0, 0, None)


async def test_bots_questions_and_unknown_messages_are_not_rated(house: House) -> None:
    answer = await house.ask("Hello")
    assert answer.parent_id is not None
    async with house.services.units.reading() as uow:
        question = (await uow.deliveries.of_turn(answer.parent_id))[0].ref
    assert question is not None

    assert not await house.core.rate(_rate(house, answer.id, ROBOT, Verdict.GOOD))
    assert not await house.core.rate(_rate(house, "unknown", ANA, Verdict.GOOD))
    assert not await house.core.rate(RateReply(question, ANA, Verdict.GOOD, RatingSource.BUTTON, house.clock.now()))


async def test_a_better_answer_is_kept_with_its_turn(house: House) -> None:
    answer = await house.ask("Hello")

    assert await house.core.suggest(SuggestAnswer(house.ref(answer.id), BEN, " Hi there! ", house.clock.now()))
    assert not await house.core.suggest(SuggestAnswer(house.ref(answer.id), BEN, "  ", house.clock.now()))

    async with house.services.units.reading() as uow:
        assert [better.text for better in await uow.ratings.suggestions_of([answer.id])] == ["Hi there!"]


# --- /summarize -----------------------------------------------------------------------------------------------------


def _talk(house: House, *lines: tuple[str, str]) -> None:
    """What people said in the channel, oldest first; the platform gives it newest first."""
    for number, (author, text) in enumerate(lines):
        ref = MessageRef(Platform.DISCORD, CHANNEL.channel, f"h{number}")
        house.platform.past.insert(0, HistoryMessage(ref, author, text, house.clock.now()))


async def test_a_channels_talk_is_summed_up_and_never_stored(house: House) -> None:
    _talk(house, ("Ana", "Lunch at noon?"), ("Ben", "/help"), ("Ben", "One is better. Swordfish!"))

    answer = await house.call("summarize", place=CHANNEL)

    assert house.generator.requests[-1].messages[-1].content == (
        "Summarize this conversation:\nAna: Lunch at noon?\nBen: One is better. Swordfish!"
    )
    assert "2 messages" in answer.note
    assert answer.private
    async with house.services.units.reading() as uow:
        turns = [await uow.turns.get(turn.id) for turn in await uow.turns.in_conversation(answer.conversation_id)]
    assert all("Swordfish" not in turn.text for turn in turns if turn)


async def test_a_pasted_text_is_summed_up_instead(house: House) -> None:
    answer = await house.ask("/summarize style:bullets Ana: hi\nBen: hello")

    assert answer.prompt is not None
    assert answer.prompt[-1].content == "Summarize this conversation in bullet points:\nAna: hi\nBen: hello"


async def test_an_attached_text_is_summed_up_too(house: House) -> None:
    house.platform.files["f"] = "Ana: 我们周五见".encode()
    message = house.message("/summarize", by=LIN, attachments=(Attachment("chat.txt", "text/plain", 20, "f"),))
    accepted = await house.core.accept(message)
    assert accepted is not None

    answer = await house.settled(accepted.answer.id)

    assert answer.prompt is not None
    assert "我们周五见" in answer.prompt[-1].content


async def test_a_text_of_any_length_is_summed_up_in_parts(tmp_path: Path) -> None:
    gate = asyncio.Event()
    generator = ScriptedGenerator(lambda request: [gate, "They talked."], window=512)
    async with open_house(tmp_path, generator=generator) as house:
        lines = "\n".join(f"Ana: this is line number {number} of the long talk" for number in range(200))
        accepted = await house.core.accept(house.message(f"/summarize {lines}"))
        assert accepted is not None
        await house.platform.until(
            lambda: any("part 1 of" in note for reply in house.platform.replies for _, note in reply.states)
        )
        gate.set()
        answer = await house.settled(accepted.answer.id)

    read = "\n".join(message.content for request in generator.requests for message in request.messages)
    assert answer.text == "They talked."
    assert len(generator.requests) > 3
    assert all(f"line number {number} of" in read for number in range(200))


async def test_one_enormous_line_is_cut_and_still_summed_up(tmp_path: Path) -> None:
    generator = ScriptedGenerator(lambda request: "Much.", window=512)
    async with open_house(tmp_path, generator=generator) as house:
        answer = await house.ask("/summarize " + "много слов 词 " * 2000)

    assert answer.text == "Much."


async def test_an_empty_place_has_nothing_to_sum_up(house: House) -> None:
    answer = await house.call("summarize", place=CHANNEL)

    assert answer.status is TurnStatus.REFUSED
    assert "nothing to sum up" in answer.text


async def test_a_summary_is_beside_the_conversation(house: House) -> None:
    await house.ask("/summarize Ana: hi")
    answer = await house.ask("Hello")

    assert answer.prompt is not None
    assert [message.role for message in answer.prompt] == [Role.SYSTEM, Role.USER]


async def test_what_people_only_said_in_a_channel_is_not_kept_with_its_summary(house: House) -> None:
    past = HistoryMessage(
        MessageRef(Platform.DISCORD, "general", "1"), "Ana", "The code is Swordfish.", house.clock.now()
    )
    house.platform.past = [past]

    answer = await house.call("summarize", place=CHANNEL)

    assert "Swordfish" in house.generator.requests[-1].messages[-1].content
    assert answer.prompt is None


async def test_a_summary_from_a_message_begins_there(house: House) -> None:
    refs = [MessageRef(Platform.DISCORD, "general", str(number)) for number in range(5)]
    house.platform.past = [
        HistoryMessage(ref, "Ana", f"word{ref.message}", house.clock.now()) for ref in reversed(refs)
    ]
    call = replace(house.command("summarize", place=CHANNEL), message=refs[3])

    accepted = await house.core.accept(call)
    assert accepted is not None
    await house.settled(accepted.answer.id)

    content = house.generator.requests[-1].messages[-1].content
    assert "word3" in content
    assert "word2" not in content


# --- /privacy -------------------------------------------------------------------------------------------------------


async def test_a_person_is_forgotten_with_words_answers_and_votes(house: House) -> None:
    house.generator.enqueue("Your secret is Swordfish.")
    answer = await house.ask("My secret is Swordfish")
    await house.core.rate(_rate(house, answer.id, ANA, Verdict.GOOD))

    await house.call("privacy", action="forget-me")

    said = house.platform.finished[-1].answer
    assert said is not None
    assert "1 ratings" in said.text
    assert (await house.turn(answer.id)).status is TurnStatus.FORGOTTEN
    later = await house.ask("What is my secret?")
    assert later.prompt is not None
    assert "Swordfish" not in "".join(message.content for message in later.prompt)


async def test_a_forgotten_answer_is_not_made_again(house: House) -> None:
    answer = await house.ask("Hello")
    await house.call("privacy", action="forget-me")

    assert await house.core.accept(RegenerateReply("r", DIRECT, house.ref(answer.id), ANA, house.clock.now())) is None


async def test_files_of_a_forgotten_person_are_let_go(house: House) -> None:
    house.platform.files["f"] = b"secret"
    await house.ask("Keep this", attachments=(Attachment("a.txt", "text/plain", 6, "f"),))

    await house.call("privacy", action="forget-me")

    assert [file.locator for file in house.platform.discarded] == ["f"]


async def test_a_person_opts_out_and_in(house: House) -> None:
    assert "opted out" in (await house.call("privacy", action="opt-out")).text
    assert "opted out" in (await house.call("privacy")).text
    await house.call("privacy", action="opt-in")

    assert "opted out" not in (await house.call("privacy")).text


async def test_only_an_admin_turns_learning_on_and_is_told_the_vendors_policy(house: House) -> None:
    refused = await house.call("privacy", place=CHANNEL, action="learning-on")
    house.platform.admins.add(ANA.key)
    allowed = await house.call("privacy", place=CHANNEL, action="learning on")

    assert refused.status is TurnStatus.REFUSED
    assert "developer policy" in allowed.text
    assert "is on" in (await house.call("privacy", place=CHANNEL)).text


async def test_private_answers_are_seen_by_their_asker_only(house: House) -> None:
    await house.ask("Hello", place=CHANNEL)
    await house.call("help", by=ANA, place=CHANNEL)

    assert len(await house.core.reading.turns(CHANNEL, ANA)) == 4
    assert len(await house.core.reading.turns(CHANNEL, BEN)) == 2


async def test_commands_do_not_wait_for_the_engine(house: House) -> None:
    house.generator.enqueue(asyncio.Event())
    await house.core.accept(house.message("Hello", place=CHANNEL))

    assert (await house.call("help")).status is TurnStatus.COMPLETE
