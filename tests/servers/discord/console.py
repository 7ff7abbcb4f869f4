"""The keyboard of `python -m tests.servers.discord`: lines that Ana types, and what she then sees.

Lines are what she says in #general (`@bot` mentions the bot); lines that begin with `:` do other things (`:help`).
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.servers.discord import FORUM, Act, Channel, DiscordServer, Impossible, Message, Person

HELP = """\
  words                    say them here; @bot mentions the bot
  :reply words             reply to the bot's latest message
  :dm [words]              go to the direct channel, and say them
  :general [words]         go back to #general
  :thread name             open a thread at the latest message and go there
  :call write about="…"    call a slash command with its options
  :type write form em      begin to fill in an option, and see what is proposed
  :forum title | words     begin a post in the forum and go there
  :react 👍   :unreact 👍   on the bot's latest message
  :press Regenerate        press a button of the bot's latest message
  :choose Shorter          choose from the menu of the bot's latest message
  :fill field="…"          fill in and submit the modal that opened
  :menu Summarise …        use a context menu on the latest message
  :file PATH [words]       send a file
  :locale zh-CN            speak another language
  :quit"""


class Console:
    """Ana's place at the keyboard."""

    def __init__(self, server: DiscordServer, ana: Person, channel: Channel) -> None:
        self.server, self.ana, self.general, self.here = server, ana, channel, channel
        self.act: Act | None = None
        self.shown: dict[str, str] = {}

    async def watch(self) -> None:
        """Print what the bot shows, once it is there and whenever it changes."""
        while True:
            for line in self.news(self.looks()):
                print(line, flush=True)
            await self.server.change()

    def looks(self) -> dict[Message, str]:
        """What the bot shows now."""
        ours = [each for each in self.server.world.messages.values() if each.author is self.server.bot]
        return {message: look(message) for message in ours}

    def news(self, looks: dict[Message, str]) -> list[str]:
        """What of these was not told before: `<` is a new message, `~` one that changed."""
        fresh = {message: shown for message, shown in looks.items() if self.shown.get(message.id) != shown}
        lines = [f"{'~' if message.id in self.shown else '<'} {shown}" for message, shown in fresh.items()]
        self.shown |= {message.id: shown for message, shown in fresh.items()}
        return lines

    async def obey(self, line: str) -> None:
        """One line of the keyboard."""
        if not line.startswith(":"):
            await self._say(line)
            return
        name, _, rest = line[1:].partition(" ")
        acts: dict[str, Callable[[str], Awaitable[None]]] = {
            "reply": self._reply,
            "dm": lambda words: self._go(self.ana.dm, words),
            "general": lambda words: self._go(self.general, words),
            "thread": self._thread,
            "call": self._call,
            "type": self._type,
            "forum": self._post,
            "react": lambda emoji: self.ana.reacts(self._latest(), emoji),
            "unreact": lambda emoji: self.ana.unreacts(self._latest(), emoji),
            "press": self._press,
            "choose": self._choose,
            "fill": self._fill,
            "menu": self._menu,
            "file": self._file,
            "locale": self._locale,
        }
        if name not in acts:
            print(HELP)
            return
        await acts[name](rest.strip())

    async def _say(self, words: str, **more: Message | None) -> None:
        text = words.replace("@bot", self.server.bot.mention)
        if text.strip():
            await self.ana.says(self.here, text, reply_to=more.get("reply_to"))

    async def _reply(self, words: str) -> None:
        await self._say(words, reply_to=self._latest())

    async def _go(self, channel: Channel, words: str) -> None:
        self.here = channel
        await self._say(words)

    async def _thread(self, name: str) -> None:
        self.here = await self.ana.opens_thread(self.here.messages[-1], name)

    async def _call(self, words: str) -> None:
        name, *pairs = shlex.split(words)
        options: dict[str, str | int] = {}
        for key, _, value in (pair.partition("=") for pair in pairs):
            options[key] = int(value) if value.lstrip("-").isdigit() else value
        self._seen(await self.ana.calls(self.here, name, **options))

    async def _type(self, words: str) -> None:
        command, option, typed = words.split(maxsplit=2)
        choices = await self.ana.completes(self.here, command, option, typed)
        print(f"? {' | '.join(choice.name for choice in choices)}")

    async def _post(self, words: str) -> None:
        title, _, text = words.partition("|")
        assert self.general.guild is not None
        forums = [each for each in self.general.guild.channels.values() if each.holds_posts]
        forum = forums[0] if forums else self.general.guild.add_channel("forum", FORUM)
        post = await self.ana.posts(forum, title.strip(), text.strip().replace("@bot", self.server.bot.mention))
        self.here = post.channel

    async def _press(self, label: str) -> None:
        self._seen(await self.ana.presses(self._latest(), label))

    async def _choose(self, label: str) -> None:
        self._seen(await self.ana.picks(self._latest(), "", label))

    async def _fill(self, words: str) -> None:
        texts = dict(pair.partition("=")[::2] for pair in shlex.split(words))
        self._seen(await self.ana.submits(self.act.modal if self.act else None, texts))

    async def _menu(self, name: str) -> None:
        self._seen(await self.ana.uses(self.here.messages[-1], name))

    async def _file(self, words: str) -> None:
        name, _, text = words.partition(" ")
        path = Path(name).expanduser()
        data = await asyncio.to_thread(path.read_bytes)
        await self.ana.says(self.here, text.replace("@bot", self.server.bot.mention), files=[(path.name, data)])

    async def _locale(self, locale: str) -> None:
        self.ana.locale = locale

    def _seen(self, act: Act) -> None:
        self.act = act
        if act.failed:
            print(f"! {act.failed}")
        if act.modal is not None:
            fields = ", ".join(f"{field.custom_id} ({field.label})" for field in act.modal.fields)
            print(f"? {act.modal.title}: {fields}")

    def _latest(self) -> Message:
        """The bot's latest message here, one that only Ana sees included."""
        here = [each for each in self.server.world.messages.values() if each.channel is self.here]
        mine = [each for each in here if each.author is self.server.bot]
        if not mine:
            raise Impossible("the bot has said nothing here")
        return max(mine, key=lambda each: int(each.id))


def grows(message: Message) -> bool:
    """Whether an answer is still being made."""
    return message.loading or any("inkling:stop" in (button.custom_id or "") for button in message.buttons)


def look(message: Message) -> str:
    """A message of the bot's as Ana sees it: whose, words, files, (buttons), {menus}."""
    whisper = " (only you see this)" if message.ephemeral_for else ""
    files = "".join(f" [{file.filename}: {file.description or ''}]" for file in message.files)
    buttons = "".join(f" ({button.label})" for button in message.buttons)
    menus = "".join(f" {{{' | '.join(menu)}}}" for menu in message.menus)
    return f"{message.author.name}{whisper}: {'thinking …' if message.loading else message.text}{files}{buttons}{menus}"
