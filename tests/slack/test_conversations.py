"""Being spoken to on Slack: mentions, threads, direct messages, edits, and who is not answered."""

from __future__ import annotations

from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace


async def test_a_mention_is_answered_in_a_thread_under_it(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    question = await ana.says(general, f"{server.bot.mention} hello there")

    answer = await workspace.answer(general)

    assert answer.reply_to is question
    assert answer.text == "You said: hello there"
    assert server.violations == []
