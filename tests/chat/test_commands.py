from __future__ import annotations

import asyncio

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.generation import FinishReason
from bot.domain.messages import Attachment, ContinueReply, RateReply, RegenerateReply, SuggestAnswer
from bot.domain.places import Person
from bot.domain.ratings import RatingSource, Verdict
from tests.houses import ANA, BEN, CHANNEL, DIRECT, LIN, ROBOT, House


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


async def test_the_rest_of_a_draft_is_regenerated_as_it_was_continued(house: House) -> None:
    house.generator.enqueue("In a boy", finish=FinishReason.LENGTH)
    house.generator.enqueue(" lived a dog.")
    house.generator.enqueue(" there was a song.")
    first = await house.call("write", form="story", about="a dog")
    going_on = await house.core.accept(ContinueReply("c", DIRECT, house.ref(first.id), ANA, house.clock.now()))
    assert going_on is not None
    rest = await house.settled(going_on.answer.id)

    anew = await house.core.accept(RegenerateReply("r", DIRECT, house.ref(rest.id), ANA, house.clock.now()))
    assert anew is not None
    other = await house.settled(anew.answer.id)

    assert (other.parent_id, other.text) == (first.id, "there was a song.")
    assert other.prompt == rest.prompt


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/dance now", "no command /dance"),
        ("/write form:email", "needs “about”"),
        ("/write form:sonnet love", "no form “sonnet”"),
        ("/image count:9 a cat", "from 1 to 4"),
        ("/image a cat", "IMAGE_MODEL"),
        ("/help me", "no help on “me”"),
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


# --- /privacy -------------------------------------------------------------------------------------------------------


async def test_a_person_is_forgotten_with_words_answers_and_votes(house: House) -> None:
    house.generator.enqueue("Your secret is Swordfish.")
    answer = await house.ask("My secret is Swordfish")
    await house.core.rate(_rate(house, answer.id, ANA, Verdict.GOOD))

    await house.call("privacy", action="forget-me")

    said = house.platform.finished[-1].answer
    assert said is not None
    assert "1" in said.text
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
