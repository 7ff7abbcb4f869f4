"""People, as tests play them: they talk, react, call commands, press buttons, as the real client lets them.

What a client would not let them do (a command that is not registered, a disabled button, an empty required field)
raises `Impossible`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.servers.discord import calling, permissions
from tests.servers.discord.calling import Impossible
from tests.servers.discord.drafts import Draft
from tests.servers.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Act, Choice, Modal
from tests.servers.discord.model import Channel, Json, Message, User, walk
from tests.servers.discord.world import Files

if TYPE_CHECKING:
    from tests.servers.discord.server import DiscordServer

LONGEST = 4_000  # characters that a subscriber may say; others have 2,000


class Person(User):
    """Somebody with hands. `admin` ones have the administrator's role in every guild."""

    def __init__(
        self, server: DiscordServer, number: str, name: str, *, locale: str, admin: bool = False, bot: bool = False
    ) -> None:
        super().__init__(number, name, bot, locale)
        self.admin = admin
        self._server = server
        self._world = server.world

    @property
    def dm(self) -> Channel:
        """The direct channel with the bot."""
        return self._world.direct(self)

    # --- talking ---

    async def says(
        self,
        channel: Channel,
        text: str = "",
        *,
        reply_to: Message | None = None,
        thread: Channel | None = None,
        files: Files = (),
        ping: bool = True,
        ago: float = 0.0,
    ) -> Message:
        """Send a message, as long ago as `ago` seconds; `ping=False` replies without telling the other."""
        place = thread or channel
        wanted = "send_messages_in_threads" if place.is_thread else "send_messages"
        locked = place.locked and not permissions.may(self, place, "manage_threads")
        if not permissions.may(self, place, wanted) or place.holds_posts or locked:
            raise Impossible(f"{self.name} may not write in {place.name}")
        if len(text) > LONGEST or not (text.strip() or files):
            raise Impossible(f"a client does not send {len(text)} characters")
        kept = [self._world.attachment(place, name, data) for name, data in files]
        allowed = None if ping else {"parse": ["users", "roles", "everyone"], "replied_user": False}
        draft = Draft(text, kept, reply_to=reply_to, allowed=allowed, ago=ago)
        message = self._world.post(place, self, draft)
        await _others_run()
        return message

    async def posts(self, forum: Channel, title: str, text: str, *, files: Files = ()) -> Message:
        """Begin a post in a forum or media channel; the post itself is its first message."""
        if not forum.holds_posts or not permissions.may(self, forum, "send_messages"):
            raise Impossible(f"{self.name} may not post in {forum.name}")
        kept = [self._world.attachment(forum, name, data) for name, data in files]
        message = self._world.open_post(forum, self, title, Draft(text, kept))
        await _others_run()
        return message

    async def edits(self, message: Message, text: str) -> None:
        """Change an own message's text."""
        self._own(message)
        self._world.edit(message, content=text)
        await _others_run()

    async def deletes(self, message: Message) -> None:
        """Delete an own message, or with the right to it another's."""
        if message.author is not self and not permissions.may(self, message.channel, "manage_messages"):
            raise Impossible(f"{self.name} may not delete {message.author.name}'s message")
        self._world.delete(message)
        await _others_run()

    async def deletes_all(self, messages: Sequence[Message]) -> None:
        """Delete several at once, as moderation bots do."""
        self._world.delete_many(messages)
        await _others_run()

    async def pins(self, message: Message) -> None:
        """Pin a message: an update that changes no text."""
        self._world.touch(message, pinned=True)
        await _others_run()

    async def types(self, channel: Channel) -> None:
        """Be seen typing."""
        self._world.type(channel, self)
        await _others_run()

    async def opens_thread(self, at: Channel | Message, name: str) -> Channel:
        """Begin a thread in a channel or at a message."""
        channel, starter = (at.channel, at) if isinstance(at, Message) else (at, None)
        thread = self._world.open_thread(channel, self, name, starter)
        await _others_run()
        return thread

    async def reacts(self, message: Message, emoji: str) -> None:
        """React with an emoji, or with a custom one as `name:id`."""
        self._world.react(message, self, emoji)
        await _others_run()

    async def unreacts(self, message: Message, emoji: str) -> None:
        """Take an own reaction back."""
        self._world.unreact(message, self, emoji)
        await _others_run()

    # --- commands ---

    async def calls(self, channel: Channel, command: str, **options: Any) -> Act:
        """Call a slash command with these options and see what comes of it, at most three seconds.

        A choice may be given by its value or its name, a file as `(name, data)`, a user or a channel as itself.
        """
        data = calling.slash(self._server, self, channel, command, options)
        return await self._server.interactions.send(COMMAND, self, channel, data)

    async def completes(
        self, channel: Channel, command: str, option: str, text: str = "", **others: Any
    ) -> list[Choice]:
        """Type into an option that completes, and see the choices."""
        data = calling.typing(self._server, self, channel, command, option, text, others)
        act = await self._server.interactions.send(AUTOCOMPLETE, self, channel, data)
        if act.choices is None:
            raise Impossible(f"no choices came for /{command} {option}: {act.failed}")
        return act.choices

    async def uses(self, message: Message, command: str) -> Act:
        """Use a message's context menu."""
        data = calling.menu(self._server, self, message, command)
        return await self._server.interactions.send(COMMAND, self, message.channel, data)

    # --- components ---

    async def presses(self, message: Message, button: str) -> Act:
        """Press a button, by its label or a part of its custom_id."""
        self._sees(message)
        part = _component(message, button, (2,))
        if part["style"] in (5, 6):
            raise Impossible(f"{button} is a link")
        data = {"custom_id": part["custom_id"], "component_type": 2, "id": part.get("id", 0)}
        return await self._server.interactions.send(COMPONENT, self, message.channel, data, message)

    async def picks(self, message: Message, select: str, *wanted: str) -> Act:
        """Pick values in a select menu, found by its placeholder or a part of its custom_id; each by value or label."""
        self._sees(message)
        part = _component(message, select, (3,))
        offered = part["options"]
        values = [
            option["value"] for each in wanted for option in offered if each in (option["value"], option["label"])
        ]
        if len(values) != len(wanted):
            raise Impossible(f"{select} offers {[option['label'] for option in offered]}")
        data = {
            "custom_id": part["custom_id"],
            "component_type": part["type"],
            "values": values,
            "id": part.get("id", 0),
        }
        return await self._server.interactions.send(COMPONENT, self, message.channel, data, message)

    async def submits(self, modal: Modal | None, texts: Mapping[str, str]) -> Act:
        """Fill a modal in, by labels or parts of custom_ids, and submit it."""
        if modal is None:
            raise Impossible("no modal is open")
        data = calling.filled(modal, texts)
        opened = modal.opened_by
        return await self._server.interactions.send(
            MODAL_SUBMIT, self, opened.channel, data, opened.source, parent=opened
        )

    # --- what a client checks ---

    def _own(self, message: Message) -> None:
        if message.author is not self:
            raise Impossible(f"{self.name} may not edit {message.author.name}'s message")

    def _sees(self, message: Message) -> None:
        if message.deleted or message.ephemeral_for not in (None, self):
            raise Impossible(f"{self.name} does not see this message")


async def _others_run() -> None:
    """Let what was done go on its way."""
    await asyncio.sleep(0)


def _component(message: Message, wanted: str, kinds: tuple[int, ...]) -> Json:
    parts = [part for part in walk(message.components) if part["type"] in kinds]
    for part in parts:
        names = (part.get("label"), part.get("placeholder"), (part.get("emoji") or {}).get("name"))
        if wanted in names or wanted in (part.get("custom_id") or ""):
            if part.get("disabled"):
                raise Impossible(f"{wanted} is disabled")
            return part
    seen = [part.get("label") or part.get("custom_id") for part in parts]
    raise Impossible(f"there is no {wanted} on this message, only {seen}")
