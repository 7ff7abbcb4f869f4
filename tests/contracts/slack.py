"""Hands on Slack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from adapters.slack.connecting import manifest
from bot.domain.messages import MessageRef
from bot.domain.places import Platform
from bot.ports import UnitOfWorkFactory
from tests.contracts.drivers import Driver, Shown
from tests.servers.slack import Message, SlackServer
from tests.slack.workspaces import Workspace, at_work

_BUTTONS = {name: name for name in ("good", "bad", "regenerate", "continue", "stop", "use", "share")} | {
    "pick 1": "pick_1",
    "pick 2": "pick_2",
}


class OnSlack(Driver):
    """A channel of a workspace, and the threads in it."""

    async def make_world(self) -> None:
        self.server = await self._world.enter_async_context(SlackServer())
        self.people = {
            "ana": self.server.add_user("Ana"),
            "ben": self.server.add_user("Ben"),
            "lin": self.server.add_user("琳", locale="zh-CN"),
            "robot": self.server.add_user("Robot", bot=True),
        }
        self.channel = self.server.add_channel("general")
        self.server.install(manifest("Inkling"))

    async def start(self) -> None:
        self.workspace: Workspace = await self._bot.enter_async_context(
            at_work(self.server, self.folder, generator=self.engine, painter=self.painter, graceful=False)
        )

    @property
    def units(self) -> UnitOfWorkFactory:
        return self.workspace.services.units

    async def turn_id(self, shown: Shown) -> str:
        message = shown.handle
        return await self._carried_by(MessageRef(Platform.SLACK, message.channel.id, message.ts))

    async def says(
        self, text: str, by: str = "ana", *, to_bot: bool = True, alone: bool = False, after: Any = None
    ) -> Message:
        thread = after.handle if isinstance(after, Shown) else after
        if alone:
            return await self.people[by].says(self.people[by].dm, text, thread=thread)
        words = f"{self.server.bot.mention} {text}" if to_bot else text
        return await self.people[by].says(self.channel, words, thread=thread)

    async def shown(self) -> Sequence[Shown]:
        channels = (self.channel, self.people["ana"].dm)
        return [self._shown(message) for channel in channels for message in self.workspace.by_bot(channel)]

    async def presses(self, shown: Shown, button: str, by: str = "ana") -> None:
        message = shown.handle
        if message.ephemeral_for is None:
            await self.turn_id(shown)
        if button == "stop" and not message.buttons:
            # While a stream lasts the button is Slack's own, in the conversation with the bot alone.
            await self.server.until(lambda: self.server.session(message).status == "processing")
            await self.people[by].stops(message.reply_to)
        else:
            await self.people[by].presses(message, _BUTTONS[button])

    async def attaches(self, name: str, data: bytes, text: str) -> None:
        await self.people["ana"].says(self.channel, f"{self.server.bot.mention} {text}", files=[(name, data)])

    async def explains(self, shown: Shown, reason: str, better: str, by: str = "ana") -> None:
        await self.turn_id(shown)
        act = await self.people[by].presses(shown.handle, _BUTTONS["bad"])
        await self.server.until(lambda: act.modal)
        await self.people[by].submits(act.modal, {"reason": reason, "better": better})

    async def told_alone(self, by: str = "ana") -> str:
        person = self.people[by]
        await self.server.until(lambda: person.ephemerals)
        return "\n".join(filter(None, [person.ephemerals[-1].text, person.ephemerals[-1].notes]))

    async def chooses(self, shown: Shown, change: str, by: str = "ana") -> None:
        await self.turn_id(shown)
        await self.people[by].presses(shown.handle, change)

    async def whispered(self, by: str = "ana") -> Shown:
        person = self.people[by]
        await self.server.until(lambda: [each for each in person.ephemerals if each.buttons])
        return self._shown(person.ephemerals[-1])

    async def reacts(self, shown: Shown, emoji: str, by: str = "ana") -> None:
        await self.people[by].reacts(shown.handle, emoji)

    async def unreacts(self, shown: Shown, emoji: str, by: str = "ana") -> None:
        await self.people[by].unreacts(shown.handle, emoji)

    async def place_in_line(self) -> int:
        """By the status of a thread."""
        told = [text for session in self.server.world.sessions.values() for text in session.loading[-1:]]
        found = [re.search(r"number (\d+) in line", text) for text in told]
        return next((int(each[1]) for each in found if each), 0)

    async def uses(self, said: Message, menu: str, by: str = "ana") -> None:
        await self.people[by].uses(said, menu)

    async def edits(self, said: Message, text: str) -> None:
        await said.author.edits(said, f"{self.server.bot.mention} {text}")

    async def deletes(self, said: Message) -> None:
        await said.author.deletes(said)

    def redeliver(self) -> None:
        self.server.faults.redeliver(1.0)

    def _shown(self, message: Message) -> Shown:
        menu = [button for button in message.buttons if button.kind == "static_select"]
        actions = " ".join(each.action_id + (each.value or "") for each in message.buttons if each not in menu)
        streams = message.stream is not None and message.stream.state == "in_progress"
        words = "\n".join(filter(None, [message.text, message.notes]))
        buttons = frozenset(name for name, action in _BUTTONS.items() if action in actions)
        changes = tuple((choice.value or "").partition(" ")[0] for choice in menu)
        files = tuple(file.data for file in message.files)
        return Shown(words, buttons, message, streams or "stop" in buttons, changes, files)
