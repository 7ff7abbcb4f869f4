"""A place's history, attached files, the agent's pane and the home."""

from __future__ import annotations

import pytest

from bot.domain.messages import Attachment
from bot.domain.places import Person, PlaceKind, Platform, owning_place
from bot.errors import DeliveryError
from bot.ports import FoundPlace
from tests.servers.slack import Channel, SlackServer, User
from tests.slack.workspaces import Workspace


async def read(workspace: Workspace, channel: Channel, limit: int, thread: str = "") -> list[str]:
    place = owning_place(Platform.SLACK, workspace.server.team.id, channel.id, thread=thread)
    return [f"{message.author}: {message.text}" async for message in workspace.platform.history(place, limit=limit)]


async def test_history_is_read_newest_first_over_pages_without_noise(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    late = server.add_user("Late")
    for number in range(250):
        await ana.says(general, f"message {number}")
    await late.joins(general)

    told = await read(workspace, general, 220)

    assert told == [f"Ana: message {number}" for number in range(249, 29, -1)]


async def test_a_threads_history_is_its_replies_and_its_root(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User, lin: User
) -> None:
    root = await ana.says(general, "who brings cake?")
    await ana.says(general, "elsewhere")
    for number in range(5):
        await lin.says(general, f"I do {number}", thread=root)

    told = await read(workspace, general, 3, thread=root.ts)
    whole = await read(workspace, general, 100, thread=root.ts)

    assert told == ["琳: I do 4", "琳: I do 3", "琳: I do 2"]
    assert whole[-1] == "Ana: who brings cake?"
    assert len(whole) == 6


async def test_a_channel_is_found_by_name_or_mention_for_those_who_are_in_it(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    ops = server.add_channel("ops", kind="group")
    late = server.add_user("Late")
    ops.members.remove(late)
    here = owning_place(Platform.SLACK, server.team.id, general.id)
    ana_, late_ = (Person(Platform.SLACK, user.id, user.name) for user in (ana, late))

    by_name = await workspace.platform.find_place("#ops", here, ana_)
    by_mention = await workspace.platform.find_place(f"<#{ops.id}|ops>", here, ana_)

    assert by_name == by_mention == FoundPlace("ops", owning_place(Platform.SLACK, server.team.id, ops.id))
    assert await workspace.platform.find_place("#ops", here, late_) is None
    assert await workspace.platform.find_place("#nowhere", here, ana_) is None


async def test_other_bots_and_the_bots_own_streamed_answers_are_part_of_the_talk(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    classic = server.add_user("Deploy", bot=True, classic=True)
    question = await ana.says(general, f"{server.bot.mention} hello")
    await workspace.answers(general)
    await classic.says(general, "deployed", thread=question)

    told = await read(workspace, general, 10, thread=question.ts)

    assert told == ["Deploy: deployed", "Inkling: You said: hello", "Ana: hello"]


async def test_history_tells_who_wrote_what_and_where_it_stands(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    robot = server.add_user("Robot", bot=True)
    root = await ana.says(general, "hello")
    reply = await robot.says(general, "beep", thread=root)
    place = owning_place(Platform.SLACK, server.team.id, general.id, thread=root.ts)

    last, first = [message async for message in workspace.platform.history(place, limit=2)]

    base = f"https://team.slack.com/archives/{general.id}"
    assert first.link == f"{base}/p{root.ts.replace('.', '')}"
    assert last.link == f"{base}/p{reply.ts.replace('.', '')}?thread_ts={root.ts}&cid={general.id}"
    assert (first.person, first.automated) == (f"slack/{ana.id}", False)
    assert (last.automated, last.by_bot) == (True, False)


async def test_a_place_that_cannot_be_read_is_named(workspace: Workspace, server: SlackServer) -> None:
    private = server.add_channel("elsewhere", bot=False)

    with pytest.raises(DeliveryError, match="not a member of this channel"):
        await read(workspace, private, 10)


async def test_a_file_that_slack_does_not_give_is_an_error(
    workspace: Workspace, server: SlackServer, ana: User
) -> None:
    await ana.says(ana.dm, "!help", files=[("a.txt", b"text")])
    await workspace.answers(ana.dm)
    (file,) = server.world.files.values()
    server.scopes = server.scopes - {"files:read"}

    with pytest.raises(DeliveryError):
        await workspace.platform.fetch(Attachment("a.txt", "text/plain", 4, file.id))


async def test_opening_the_agent_suggests_what_to_write_in_ones_language(
    workspace: Workspace, server: SlackServer, lin: User
) -> None:
    await lin.opens_agent()

    await server.until(lambda: lin.dm.suggested_prompts)
    assert lin.dm.suggested_prompts[0]["title"] == "写一封邮件"


async def test_the_home_lists_the_commands(workspace: Workspace, server: SlackServer, ana: User) -> None:
    await ana.opens_home()

    await server.until(lambda: ana.id in server.world.home_views)
    assert "`/write`" in str(server.world.home_views[ana.id])


async def test_the_direct_channel_with_a_person_is_opened(
    workspace: Workspace, server: SlackServer, general: Channel, ana: User
) -> None:
    here = owning_place(Platform.SLACK, server.team.id, general.id)

    direct = await workspace.platform.direct_place(Person(Platform.SLACK, ana.id, ana.name), here)

    assert direct is not None
    assert direct.kind is PlaceKind.DIRECT
    assert direct.channel.startswith("D")
