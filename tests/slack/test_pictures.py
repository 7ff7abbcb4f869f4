"""Pictures on Slack: files in the thread, with their words, their parameters, and votes on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chat.test_painting import ScriptedPainter
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace, at_work


@pytest.fixture
async def painting(server: SlackServer, general: Channel, tmp_path: Path) -> AsyncIterator[Workspace]:
    async with at_work(server, tmp_path, painter=ScriptedPainter()) as workspace:
        yield workspace


async def test_pictures_come_as_files_with_alt_text_and_what_made_them(
    painting: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} !image count:2 seed:5 a smiling cat")

    pictures, beneath = await painting.answers(general, 2)

    assert [file.data for file in pictures.files] == [b"\x89PNG0", b"\x89PNG1"]
    assert {file.alt_text for file in pictures.files} == {"a smiling cat"}
    assert (pictures.reply_to, beneath.reply_to) == (question, question)
    assert beneath.notes == "seeds 5, 6 · 2 steps"
    assert [button.label for button in beneath.buttons][-3:] == ["Regenerate", "Pick 1", "Pick 2"]
    assert server.violations == []


async def test_one_picture_of_several_is_picked(painting: Workspace, server: SlackServer, ana: User) -> None:
    await ana.says(ana.dm, "!image count:4 a smiling cat")
    beneath = await painting.answer(ana.dm)

    await ana.presses(beneath, "Pick 3")

    picked, _ = (await painting.answers(ana.dm, 4))[2:]
    assert [file.data for file in picked.files] == [b"\x89PNG2"]
    assert await painting.votes(picked) == ["good"]


async def test_a_reaction_on_a_picture_is_a_vote_on_the_answer(
    painting: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    call = await ana.calls(general, "image", "a smiling cat")
    answers = await painting.answers(general, 2)

    act = await ana.presses(answers[1], "good")
    await server.until(lambda: act.replies)

    assert call.failed is None
    assert answers[0].thread_ts is None
    assert await painting.votes(answers[0]) == ["good"]


async def test_an_upload_whose_answer_is_lost_is_not_repeated(
    painting: Workspace, server: SlackServer, ana: User
) -> None:
    server.faults.lose("files.completeUploadExternal")

    await ana.says(ana.dm, "!image a smiling cat")
    await painting.answers(ana.dm, 2)

    assert len([message for message in painting.by_bot(ana.dm) if message.files]) == 1


async def test_a_picture_in_a_channel_without_the_bot_says_how_to_let_it_in(
    painting: Workspace, server: SlackServer, ana: User
) -> None:
    private = server.add_channel("private", kind="group", bot=False)

    call = await ana.calls(private, "image", "a smiling cat")
    await server.until(lambda: call.replies)
    await painting.idle()

    assert "/invite @inkling" in call.replies[-1].notes.lower()
