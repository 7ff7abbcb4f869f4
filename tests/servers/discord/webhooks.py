"""Incoming webhooks: programs that post into a channel under a name of their own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.discord.drafts import Draft
from tests.servers.discord.model import User

if TYPE_CHECKING:
    from tests.servers.discord.model import Channel, Message


@dataclass(eq=False, slots=True)
class Webhook:
    """A webhook of a channel; its messages have its own id as their author's."""

    id: str
    name: str
    channel: Channel

    async def says(self, text: str) -> Message:
        """Post a message."""
        author = User(self.id, self.name, bot=True)
        message = self.channel.world.post(self.channel, author, Draft(text, webhook=self))
        await asyncio.sleep(0)
        return message
