"""People and other bots of the workspace, and what they do there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.servers.slack.interactions import Act
from tests.servers.slack.modals import Modal
from tests.servers.slack.text import as_delivered, rich_text
from tests.servers.slack.views_of import message_view
from tests.servers.slack.world import Channel, Message

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

# What Slack's own clients send for the emoji they show.
EMOJI = {"👍": "+1", "👎": "-1", "❤️": "heart", "🎉": "tada", "👀": "eyes", "😀": "grinning", "✅": "white_check_mark"}
SKIN_TONES = {chr(0x1F3FB + index): f"::skin-tone-{index + 2}" for index in range(5)}


class User:
    """A member of the workspace, or of another `team` that shares its channels (Slack Connect), a stranger here.

    `classic` bots post as bot_message, without a user.
    """

    def __init__(
        self,
        server: SlackServer,
        name: str,
        *,
        locale: str = "en-US",
        admin: bool = False,
        owner: bool = False,
        bot: bool = False,
        classic: bool = False,
        tz: str = "Europe/Berlin",
        team: str = "",
    ) -> None:
        self._server = server
        self.id = server.world.new_id("U")
        self.name = name
        self.locale = locale
        self.admin = admin or owner
        self.owner = owner
        self.is_bot = bot
        self.classic = classic
        self.tz = tz
        self.team = team or server.team.id
        self.deleted = False
        self.bot_id = server.world.new_id("B") if bot else ""
        self.app_id = server.world.new_id("A") if bot else ""
        self.ephemerals: list[Message] = []

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def dm(self) -> Channel:
        """The direct channel with the bot."""
        return self._server.world.dm_of(self, self._server.bot)

    # --- messages ---------------------------------------------------------------------------------------------------

    async def says(
        self,
        channel: Channel,
        text: str = "",
        *,
        reply_to: Message | None = None,
        thread: Message | str | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        broadcast: bool = False,
        ago: float = 0,
    ) -> Message:
        """Post as a person does; `text` may hold mentions. An answer to a message is a reply in its thread.

        With `ago` it was said so many seconds before now.

        Returns when the events are on their way, not when the app took them.
        """
        server = self._server
        message = Message(channel, server.world.now_ts(ago), self, as_delivered(text))
        root = thread if thread is not None else reply_to
        if root is not None:
            message.thread_ts = root.root_ts if isinstance(root, Message) else root
        if broadcast and root is not None:
            message.subtype = "thread_broadcast"
        for name, data in files:
            file = server.new_file(name, data, self)
            file.shares[channel.id] = message.ts
            message.files.append(file)
        if text and not self.is_bot:
            message.user_blocks = [rich_text(message.raw, server.world.new_id("b"))]
        server.publish(message)
        return message

    async def edits(self, message: Message, text: str) -> None:
        """Change one's own message; the app is told even when nothing changed, as when a link is unfurled."""
        before = message_view(self._server.world, message)
        message.raw = as_delivered(text)
        message.user_blocks = [rich_text(message.raw, self._server.world.new_id("b"))]
        message.edited = {"user": self.id, "ts": self._server.world.now_ts()}
        self._server.republish(message, before, by_person=True)

    async def deletes(self, message: Message) -> None:
        """Take one's own message away; of a thread's root a tombstone stays."""
        self._server.withdraw(message)

    async def reacts(self, message: Message, emoji: str, *, item_user: bool = True) -> None:
        """React with an emoji as clients send it (👍 is "+1"), or by a name given as it is."""
        self._server.react(self, message, emoji_name(emoji), item_user=item_user)

    async def unreacts(self, message: Message, emoji: str, *, item_user: bool = True) -> None:
        self._server.unreact(self, message, emoji_name(emoji), item_user=item_user)

    async def joins(self, channel: Channel) -> Message:
        """Join, which Slack says aloud in the channel."""
        if self not in channel.members:
            channel.members.append(self)
        message = Message(channel, self._server.world.now_ts(), self, f"{self.mention} has joined the channel")
        message.subtype = "channel_join"
        self._server.publish(message)
        self._server.notify.joined(self, channel)
        return message

    # --- the app ----------------------------------------------------------------------------------------------------

    async def calls(
        self, channel: Channel, name: str, text: str = "", *, thread: Message | None = None, **options: Any
    ) -> Act:
        """Use a slash command. Slack hands over one text: options are joined to it."""
        whole = " ".join([*(str(value) for value in options.values()), *([text] if text else [])])
        return await self._server.interactions.command(self, channel, name, whole, thread)

    async def uses(self, message: Message, name: str) -> Act:
        """Use a message shortcut, by its name."""
        return await self._server.interactions.shortcut(self, message, name)

    async def presses(self, message: Message, wanted: str) -> Act:
        """Press a button or choose from a menu: by label, or by a part of its action_id or value.

        Raises:
            LookupError: there is no such button in the message.
        """
        exact = [button for button in message.buttons if button.label == wanted]
        close = [
            button
            for button in message.buttons
            if any(wanted in told for told in (button.label, button.action_id, button.value or ""))
        ]
        if not exact and not close:
            raise LookupError(f"no button {wanted!r}, only {[button.label for button in message.buttons]}")
        return await self._server.interactions.press(self, message, (exact or close)[0])

    async def submits(self, modal: Modal | None, fields: dict[str, Any] | None = None) -> Act:
        """Fill a modal in, by action_id, block_id or label, and submit it.

        Raises:
            CannotSubmit: Slack's client would not let them.
            LookupError: no modal opened.
        """
        if modal is None:
            raise LookupError("no modal opened")
        return await self._server.interactions.submit(self, modal, fields or {})

    async def closes(self, modal: Modal) -> Act:
        """Close a modal without submitting."""
        return await self._server.interactions.close(self, modal)

    async def opens_agent(self) -> None:
        """Open the direct messages with the bot, its agent pane."""
        self._server.notify.home_opened(self, self.dm, "messages")

    async def opens_home(self) -> None:
        self._server.notify.home_opened(self, self.dm, "home")

    async def looks_at(self, channel: Channel | None) -> None:
        """Turn to a channel while the agent pane is open."""
        self._server.notify.context_changed(channel)

    async def stops(self, message: Message) -> None:
        """Press Stop in the thread of a message; Slack itself ends the streams there.

        Raises:
            LookupError: no Stop button is shown.
        """
        self._server.stop_session(self, message)


def emoji_name(emoji: str) -> str:
    """The name of an emoji in events, skin tone included; a name stays as it is."""
    for tone, suffix in SKIN_TONES.items():
        if emoji.endswith(tone):
            return EMOJI[emoji.removesuffix(tone)] + suffix
    return EMOJI.get(emoji, emoji.strip(":"))
