"""A Discord to try by hand: `python -m tests.servers.discord --port 8765`, then Inkling in another terminal.

Lines are what Ana says in #general (`@bot` mentions the bot); lines that begin with `:` do other things (`:help`).
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.servers.discord import Act, Channel, DiscordServer, Impossible, Message, Person

HELP = """\
  words                    say them here; @bot mentions the bot
  :reply words             reply to the bot's latest message
  :dm [words]              go to the direct channel, and say them
  :general [words]         go back to #general
  :thread name             open a thread at the latest message and go there
  :call write about="…"    call a slash command with its options
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
            for message in list(self.server.world.messages.values()):
                if message.author is self.server.bot:
                    self._show(message)
            await self.server.change()

    def _show(self, message: Message) -> None:
        files = "".join(f" [{file.filename}: {file.description or ''}]" for file in message.files)
        buttons = "".join(f" ({button.label})" for button in message.buttons)
        menus = "".join(f" {{{' | '.join(menu)}}}" for menu in message.menus)
        text = ("thinking …" if message.loading else message.text) + files + buttons + menus
        if self.shown.get(message.id) != text:
            again = "~" if message.id in self.shown else "<"
            whisper = " (only you see this)" if message.ephemeral_for else ""
            self.shown[message.id] = text
            print(f"{again} {self.server.bot.name}{whisper}: {text}", flush=True)

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


async def main(port: int, message_content: bool) -> None:
    """Serve a guild with a channel and Ana, until the keyboard ends."""
    async with DiscordServer(port, message_content=message_content) as server:
        guild = server.add_guild("Team")
        console = Console(server, server.add_user("Ana", admin=True), guild.add_channel("general"))
        print(f"A Discord on port {server.port}. Point Inkling at it:\n")
        print(f"DISCORD_TOKEN={server.token}")
        print(f"DISCORD_API_URL={server.api_url}")
        print(f"DISCORD_GATEWAY_URL={server.gateway_url}\n")
        print("You are Ana in #general; `:help` says what you can do.", flush=True)
        watching = asyncio.create_task(console.watch())
        try:
            while (line := await asyncio.to_thread(sys.stdin.readline)) and line.strip() != ":quit":
                try:
                    await console.obey(line.rstrip("\n"))
                except (Impossible, OSError, ValueError, IndexError) as error:
                    print(f"! {error}")
        finally:
            watching.cancel()
        for violation in server.violations:
            print(f"! {violation}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.servers.discord", description=(__doc__ or "").strip())
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--no-message-content", action="store_true", help="the portal's switch for that intent is off")
    given = parser.parse_args()
    asyncio.run(main(given.port, not given.no_message_content))
