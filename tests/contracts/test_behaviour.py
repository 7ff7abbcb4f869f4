"""How the bot behaves, wherever people meet it: one suite over every platform's real adapter, core and storage."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.generation import Queued
from bot.errors import EngineDown
from tests.contracts.drivers import Driver


def on(*platforms: str) -> pytest.MarkDecorator:
    """Run a test on these platforms: those where people can do what it does."""
    return pytest.mark.parametrize("bot", platforms, indirect=True)


EVERYWHERE = on("discord", "slack", "web", "terminal")
WITH_WINDOWS = on("discord", "slack", "web")
IN_TEAMS = on("discord", "slack")


# --- being spoken to ------------------------------------------------------------------------------------------------


@EVERYWHERE
async def test_a_question_is_answered(bot: Driver) -> None:
    await bot.says("hello there")

    (answer,) = await bot.answers()

    assert answer.words == "You said: hello there"
    assert bot.asked() == ["hello there"]


@EVERYWHERE
async def test_what_was_said_before_is_remembered(bot: Driver) -> None:
    await bot.says("my name is Ana")
    (answer,) = await bot.answers()

    await bot.says("what is my name?", after=answer)
    await bot.answers(2)

    said = [message.content for message in bot.engine.requests[-1].messages]
    assert said[-3:] == ["my name is Ana", "You said: my name is Ana", "what is my name?"]


@EVERYWHERE
async def test_what_was_said_before_a_restart_is_remembered(bot: Driver) -> None:
    await bot.says("my name is Ana")
    (answer,) = await bot.answers()
    await bot.restart()

    await bot.says("what is my name?", after=answer)
    await bot.answers(2)

    said = [message.content for message in bot.engine.requests[-1].messages]
    assert said[-3:] == ["my name is Ana", "You said: my name is Ana", "what is my name?"]


@on("discord", "web")
async def test_a_reply_to_an_older_answer_goes_on_from_there(bot: Driver) -> None:
    await bot.says("a fox")
    (first,) = await bot.answers()
    await bot.says("a bear", after=first)
    await bot.answers(2)

    await bot.says("shorter", after=first)
    await bot.answers(3)

    said = [message.content for message in bot.engine.requests[-1].messages]
    assert said[-3:] == ["a fox", "You said: a fox", "shorter"]


@IN_TEAMS
async def test_talk_among_people_is_left_alone(bot: Driver) -> None:
    await bot.says("lunch?", by="ben", to_bot=False)
    await bot.says("hello")

    await bot.answers()

    assert bot.asked() == ["hello"]


@IN_TEAMS
async def test_other_bots_are_ignored(bot: Driver) -> None:
    await bot.says("buy now", by="robot")
    await bot.says("hello")

    await bot.answers()

    assert bot.asked() == ["hello"]


@WITH_WINDOWS
async def test_what_is_delivered_twice_is_answered_once(bot: Driver) -> None:
    bot.redeliver()
    for number in range(3):
        await bot.says(f"question {number}")

    answers = await bot.answers(3)

    assert len(answers) == 3
    assert len(bot.asked()) == 3


# --- commands and languages -----------------------------------------------------------------------------------------


@EVERYWHERE
async def test_a_command_in_words_does_what_its_form_does(bot: Driver) -> None:
    await bot.says("!write email invite the team")

    await bot.answers()

    assert "invite the team" in bot.asked()[0]
    assert bot.asked()[0] != "invite the team"


@EVERYWHERE
async def test_a_wrong_command_is_told_what_to_do(bot: Driver) -> None:
    await bot.says("/dance with me")

    (answer,) = await bot.answers()

    assert "There is no command" in answer.words
    assert bot.asked() == []


@IN_TEAMS
async def test_a_message_is_rewritten_from_its_menu(bot: Driver) -> None:
    clumsy = await bot.says("me want lunch", by="ben", to_bot=False)

    await bot.uses(clumsy, "Rewrite this")

    await bot.answers()
    assert bot.asked() == ["Rewrite in plain language: me want lunch"]


@IN_TEAMS
async def test_what_was_said_from_a_message_on_is_summed_up_from_its_menu(bot: Driver) -> None:
    await bot.says("old news", by="ben", to_bot=False)
    here = await bot.says("new news", by="ben", to_bot=False)
    await bot.says("newest news", by="ben", to_bot=False)

    await bot.uses(here, "Summarise from here")

    await bot.answers(0)
    (asked,) = bot.asked()
    assert asked.count("Ben: ") == 2
    assert asked.index("Ben: new news") < asked.index("Ben: newest news")


@EVERYWHERE
async def test_its_own_lines_are_in_the_askers_language(bot: Driver) -> None:
    bot.engine.enqueue(EngineDown())
    await bot.says("你好", by="lin")

    (answer,) = await bot.answers()

    assert any("一" <= character <= "鿿" for character in answer.words)


@EVERYWHERE
async def test_an_attached_text_is_read(bot: Driver) -> None:
    await bot.attaches("notes.txt", b"Lunch is at noon.", "when is lunch?")

    await bot.answers()

    assert "Lunch is at noon." in bot.asked()[0]
    assert "when is lunch?" in bot.asked()[0]


@on("discord", "web")
async def test_values_are_proposed_while_an_option_is_filled_in(bot: Driver) -> None:
    proposed = await bot.completes("write", "form", "ema")

    assert proposed
    assert "mail" in proposed[0].lower()


@IN_TEAMS
async def test_a_training_run_is_refused_to_everyone_but_admins(bot: Driver) -> None:
    await bot.says("!retrain")

    (answer,) = await bot.answers()

    assert "Only admins may do this" in answer.words


@IN_TEAMS
async def test_releases_are_refused_to_everyone_but_admins_where_only_they_read_it(bot: Driver) -> None:
    await bot.says("!release list", by="ben")

    assert "Only admins may do this" in await bot.told_alone("ben")
    assert not [answer for answer in await bot.shown() if "admins" in answer.words]


# --- how answers come about -----------------------------------------------------------------------------------------


@WITH_WINDOWS
async def test_an_answer_grows_while_it_is_made_and_ends_whole(bot: Driver) -> None:
    gate = asyncio.Event()
    bot.engine.enqueue("Once upon ", gate, "a time.")
    await bot.says("a story")

    await bot.growing("Once upon")
    gate.set()

    (answer,) = await bot.answers()
    assert answer.words == "Once upon a time."


@EVERYWHERE
async def test_whoever_waits_in_a_long_line_is_told_their_place_in_it(bot: Driver) -> None:
    gate = asyncio.Event()
    bot.engine.enqueue(Queued(3), gate, "Now.")
    await bot.says("hello")

    await bot.in_line(3)
    gate.set()

    (answer,) = await bot.answers()
    assert answer.words == "Now."


@WITH_WINDOWS
async def test_a_stopped_answer_keeps_its_words_and_says_so(bot: Driver) -> None:
    bot.engine.enqueue("Once upon ", asyncio.Event(), "a time.")
    await bot.says("a story", alone=True)

    await bot.presses(await bot.growing("Once upon"), "stop")

    (answer,) = await bot.answers()
    assert "Once upon" in answer.words
    assert "Stopped." in answer.words
    assert "a time" not in answer.words


@WITH_WINDOWS
async def test_a_stopped_answer_can_be_continued(bot: Driver) -> None:
    bot.engine.enqueue("Once upon ", asyncio.Event(), "never")
    await bot.says("a story", alone=True)
    await bot.presses(await bot.growing("Once upon"), "stop")
    (stopped,) = await bot.answers()

    bot.engine.enqueue("a time.")
    await bot.presses(stopped, "continue")
    await bot.until(lambda: len(bot.engine.requests) == 2)

    *_, further = await bot.answers(2)
    assert "a time." in further.words
    assert bot.asked()[-1].startswith("Once upon")


@WITH_WINDOWS
async def test_an_answer_that_a_restart_broke_off_is_made_anew_and_can_be_stopped(bot: Driver) -> None:
    bot.engine.enqueue("Once upon ", asyncio.Event(), "never")
    bot.engine.enqueue("Twice upon ", asyncio.Event(), "never")
    await bot.says("a story", alone=True)
    await bot.growing("Once upon")

    await bot.restart()
    await bot.presses(await bot.growing("Twice upon"), "stop")

    (answer,) = await bot.answers()
    assert "Twice upon" in answer.words
    assert "Stopped." in answer.words
    assert "continue" in answer.buttons


@EVERYWHERE
async def test_an_engine_that_is_down_is_told(bot: Driver) -> None:
    bot.engine.enqueue(EngineDown())
    await bot.says("hello")

    (answer,) = await bot.answers()

    assert answer.words
    assert "You said" not in answer.words


@IN_TEAMS
async def test_a_long_answer_goes_on_in_further_messages_and_loses_nothing(bot: Driver) -> None:
    lines = [f"Line {number} of a long answer." for number in range(450)]
    bot.engine.enqueue("\n\n".join(lines))
    await bot.says("at length")

    answers = await bot.answers(2)

    words = " ".join(answer.words for answer in answers)
    assert [line for line in lines if line not in words] == []


@IN_TEAMS
async def test_generated_text_pings_nobody_else(bot: Driver) -> None:
    bot.engine.enqueue("@everyone @here <!channel> <!here> <@U123> <@123456789012345678> <@&123456789012345678>")
    await bot.says("greet all")

    (answer,) = await bot.answers()

    assert set(answer.handle.pinged) <= {bot.people["ana"]}  # type: ignore[attr-defined]


# --- second thoughts ------------------------------------------------------------------------------------------------


@IN_TEAMS
async def test_an_edit_while_the_answer_is_made_is_answered_instead(bot: Driver) -> None:
    bot.engine.enqueue(asyncio.Event(), "never")
    question = await bot.says("helo")
    await bot.until(lambda: bot.engine.requests)

    await bot.edits(question, "hello")

    await bot.until(lambda: bot.asked() == ["helo", "hello"])
    answers = await bot.answers()
    assert [answer.words for answer in answers if "never" in answer.words] == []
    assert any("You said: hello" in answer.words for answer in answers)


@IN_TEAMS
async def test_an_edit_that_changes_nothing_leaves_the_answer_as_it_is(bot: Driver) -> None:
    gate = asyncio.Event()
    bot.engine.enqueue("Once upon ", gate, "a time.")
    question = await bot.says("a story")
    await bot.until(lambda: bot.engine.requests)

    await bot.edits(question, "a story")
    gate.set()

    (answer,) = await bot.answers()
    assert answer.words == "Once upon a time."
    assert bot.asked() == ["a story"]


@IN_TEAMS
async def test_a_direct_message_needs_no_mention_and_is_remembered(bot: Driver) -> None:
    question = await bot.says("my name is Ana", alone=True)
    (answer,) = await bot.answers()

    await bot.says("what is my name?", alone=True, after=question)
    await bot.answers(2)

    said = [message.content for message in bot.engine.requests[-1].messages]
    assert answer.words == "You said: my name is Ana"
    assert said[-3:] == ["my name is Ana", "You said: my name is Ana", "what is my name?"]


@IN_TEAMS
async def test_a_deleted_question_cancels_its_answer(bot: Driver) -> None:
    bot.engine.enqueue(asyncio.Event(), "never")
    question = await bot.says("hello")
    await bot.until(lambda: bot.engine.requests)

    await bot.deletes(question)

    answers = await bot.answers(0)
    assert [answer.words for answer in answers if "never" in answer.words] == []
    assert len(bot.engine.cancelled) + len(bot.asked()) >= 1


@WITH_WINDOWS
async def test_another_answer_can_be_asked_for_after_a_restart(bot: Driver) -> None:
    await bot.says("hello")
    (first,) = await bot.answers()
    await bot.restart()
    bot.engine.enqueue("Another.")

    await bot.presses(first, "regenerate")

    answers = await bot.answers(2)
    assert {answer.words for answer in answers} == {"You said: hello", "Another."}
    assert bot.asked() == ["hello", "hello"]


# --- votes ----------------------------------------------------------------------------------------------------------


@EVERYWHERE
async def test_the_second_vote_of_a_person_replaces_the_first(bot: Driver) -> None:
    await bot.says("hello")
    (answer,) = await bot.answers()

    await bot.presses(answer, "good")
    assert await bot.votes(answer, ["good"]) == ["good"]
    await bot.presses(answer, "bad")

    assert await bot.votes(answer, ["bad"]) == ["bad"]


@EVERYWHERE
async def test_who_dislikes_an_answer_can_give_a_better_one(bot: Driver) -> None:
    await bot.says("hello")
    (answer,) = await bot.answers()

    await bot.explains(answer, "too short", "Good morning, dear Ana!")

    assert await bot.votes(answer, ["bad"]) == ["bad"]
    assert await bot.better_answers(answer) == ["Good morning, dear Ana!"]


@IN_TEAMS
async def test_a_reaction_in_any_skin_tone_is_a_vote_until_it_is_taken_back(bot: Driver) -> None:
    await bot.says("hello")
    (answer,) = await bot.answers()

    await bot.reacts(answer, "👍🏽")
    await bot.reacts(answer, "👎", by="ben")
    assert await bot.votes(answer, ["bad", "good"]) == ["bad", "good"]
    await bot.unreacts(answer, "👍🏽")

    assert await bot.votes(answer, ["bad"]) == ["bad"]


@IN_TEAMS
async def test_reactions_of_bots_and_other_reactions_are_no_votes(bot: Driver) -> None:
    await bot.says("hello")
    (answer,) = await bot.answers()

    await bot.reacts(answer, "👎", by="robot")
    await bot.reacts(answer, "🎉")
    await bot.reacts(answer, "👍")

    assert await bot.votes(answer, ["good"]) == ["good"]


# --- nothing lost, nothing said twice ---------------------------------------------------------------------------------


@EVERYWHERE
async def test_what_was_accepted_before_a_crash_is_answered_after_it_once(bot: Driver) -> None:
    bot.engine.enqueue(asyncio.Event(), "never")
    await bot.says("hello")
    await bot.until(lambda: bot.engine.requests)

    await bot.restart()

    answers = await bot.answers()
    assert [answer.words for answer in answers] == ["You said: hello"]


@IN_TEAMS
async def test_what_was_said_while_the_bot_was_away_is_answered_once_it_is_back(bot: Driver) -> None:
    await bot.says("hello")
    await bot.answers()
    await bot.end()

    await bot.says("anybody there?")
    await bot.says("lunch?", by="ben", to_bot=False)
    await bot.start()

    answers = await bot.answers(2)
    assert [answer.words for answer in answers] == ["You said: hello", "You said: anybody there?"]
    assert bot.asked() == ["hello", "anybody there?"]


@WITH_WINDOWS
async def test_a_crash_while_an_answer_grows_says_nothing_twice(bot: Driver) -> None:
    bot.engine.enqueue("Once upon ", asyncio.Event(), "never")
    await bot.says("a story")
    await bot.growing("Once upon")

    await bot.restart()

    answers = await bot.answers()
    assert [answer.words for answer in answers] == ["You said: a story"]
