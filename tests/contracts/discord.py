"""Hands on Discord."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from adapters.discord.translating import ref_of
from bot.ports import UnitOfWorkFactory
from tests.contracts.drivers import Driver, Shown
from tests.discord.bots import Bot, open_bot
from tests.servers.discord import DiscordServer, Message
from tests.servers.discord.model import walk

_BUTTONS = {
    "good": "👍",
    "bad": "👎",
    "regenerate": "Regenerate",
    "continue": "Continue",
    "stop": "Stop",
    "use": "Use as message",
    "share": "Share",
    "pick 1": "Pick 1",
    "pick 2": "Pick 2",
}
_NAMES = {label: name for name, label in _BUTTONS.items()} | {"重新生成": "regenerate"}


class OnDiscord(Driver):
    """A channel of a guild; Lin's Discord is Chinese, and so is her guild."""

    async def make_world(self) -> None:
        self.server = await self._world.enter_async_context(DiscordServer())
        self.channel = self.server.add_guild("Team").add_channel("general")
        self.chinese = self.server.add_guild("团队", "zh-CN").add_channel("聊天")
        self.people = {
            "ana": self.server.add_user("Ana"),
            "ben": self.server.add_user("Ben"),
            "lin": self.server.add_user("琳", locale="zh-CN"),
            "robot": self.server.add_user("Robot", bot=True),
        }

    async def start(self) -> None:
        self.bot: Bot = await self._bot.enter_async_context(
            open_bot(self.server, self.folder, generator=self.engine, painter=self.painter)
        )

    @property
    def units(self) -> UnitOfWorkFactory:
        return self.bot.house.services.units

    async def turn_id(self, shown: Shown) -> str:
        message = shown.handle
        return await self._carried_by(ref_of(int(message.channel.id), int(message.id)))

    async def says(
        self, text: str, by: str = "ana", *, to_bot: bool = True, alone: bool = False, after: Any = None
    ) -> Message:
        if alone:
            return await self.people[by].says(self.people[by].dm, text)
        words = f"{self.server.bot.mention} {text}" if to_bot else text
        channel = self.chinese if by == "lin" else self.channel
        answered = after.handle if isinstance(after, Shown) else after
        return await self.people[by].says(channel, words, reply_to=answered)

    async def shown(self) -> Sequence[Shown]:
        messages = [*self.channel.messages, *self.chinese.messages, *self.people["ana"].dm.messages]
        return [_shown(message) for message in messages if message.author is self.server.bot and not _points(message)]

    async def presses(self, shown: Shown, button: str, by: str = "ana") -> None:
        await self._noted(shown)
        await self.people[by].presses(shown.handle, _BUTTONS[button])

    async def attaches(self, name: str, data: bytes, text: str) -> None:
        await self.people["ana"].says(self.channel, f"{self.server.bot.mention} {text}", files=[(name, data)])

    async def explains(self, shown: Shown, reason: str, better: str, by: str = "ana") -> None:
        await self._noted(shown)
        act = await self.people[by].presses(shown.handle, _BUTTONS["bad"])
        await self.people[by].submits(act.modal, {"reason": reason, "better": better})

    async def completes(self, command: str, option: str, typed: str) -> Sequence[str]:
        choices = await self.people["ana"].completes(self.channel, command, option, typed)
        return [choice.name for choice in choices]

    async def told_alone(self, by: str = "ana") -> str:
        direct = self.people[by].dm
        await self.server.until(lambda: [each for each in direct.messages if each.author is self.server.bot])
        return direct.messages[-1].text

    async def chooses(self, shown: Shown, change: str, by: str = "ana") -> None:
        await self._noted(shown)
        await self.people[by].picks(shown.handle, "inkling:changes", change)

    async def whispered(self, by: str = "ana") -> Shown:
        """A command in words is answered in the direct conversation."""
        direct = self.people[by].dm
        await self.server.until(
            lambda: [each for each in map(_shown, direct.messages) if each.buttons and not each.grows]
        )
        return _shown(direct.messages[-1])

    async def reacts(self, shown: Shown, emoji: str, by: str = "ana") -> None:
        await self.people[by].reacts(shown.handle, emoji)

    async def unreacts(self, shown: Shown, emoji: str, by: str = "ana") -> None:
        await self.people[by].unreacts(shown.handle, emoji)

    async def place_in_line(self) -> int:
        found = [re.fullmatch(r"-# Number (\d+) in line …", shown.words) for shown in await self.shown()]
        return next((int(each[1]) for each in found if each), 0)

    async def uses(self, said: Message, menu: str, by: str = "ana") -> None:
        await self.people[by].uses(said, menu)

    async def edits(self, said: Message, text: str) -> None:
        await said.author.edits(said, f"{self.server.bot.mention} {text}")  # type: ignore[attr-defined]

    async def deletes(self, said: Message) -> None:
        await said.author.deletes(said)  # type: ignore[attr-defined]

    def redeliver(self) -> None:
        self.server.faults.redeliver(1.0)

    async def _noted(self, shown: Shown) -> None:
        """A message is seen a moment before the bot knows that it was sent."""
        await self.turn_id(shown)


def _points(message: Message) -> bool:
    """Whether it only tells that an answer came directly."""
    return "so I answered directly" in message.text


def _shown(message: Message) -> Shown:
    labels = [button.label for button in message.buttons]
    grows = message.loading or any(label in ("Stop", "停止") for label in labels)
    buttons = frozenset(_NAMES[label] for label in labels if label in _NAMES)
    changes = tuple(option["value"] for part in walk(message.components) for option in part.get("options", ()))
    return Shown(message.text, buttons, message, grows, changes, tuple(file.data for file in message.files))
