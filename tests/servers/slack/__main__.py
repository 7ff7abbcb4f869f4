"""A pretend Slack to try the bot by hand: `python -m tests.servers.slack --port 8070`, then type as Ana."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.servers.slack import CannotSubmit, Message, Modal, SlackServer

SETTLED_S = 0.5
HELP = """type to say something in #general; @bot mentions the bot, /write … is a command
:dm :general :thread change the place · :react 👍 · :press LABEL (menus too) · :submit TEXT (in the first field)
:file PATH [words] · :locale zh-CN · :stop · :quit"""


class Console:
    """Ana at the keyboard."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self._ana = server.add_user("Ana", admin=True)
        self._general = server.add_channel("general")
        self._place = self._general
        self._thread: Message | None = None
        self._last: Message | None = None
        self._modal: Modal | None = None
        self._shown: dict[Message, str] = {}

    async def listen(self) -> None:
        """Do what is typed, until the end of the input or :quit."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == ":quit":
                return
            try:
                await self._do(line.strip())
            except (LookupError, OSError, ValueError, CannotSubmit) as error:
                print(f"  ({error})")
        await asyncio.Event().wait()

    async def show(self) -> None:
        """Print what the bot shows once it has stood still for a moment."""
        before: dict[Message, str] = {}
        while True:
            await asyncio.sleep(SETTLED_S)
            seen = [*self._ana.ephemerals, *(m for c in self._server.world.channels.values() for m in c.messages)]
            now = {message: _look(message) for message in seen if message.author is self._server.bot}
            for message, look in now.items():
                if before.get(message) == look != self._shown.get(message):
                    self._shown[message] = look
                    self._last = message
                    print(look, flush=True)
            before = now

    async def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        match word:
            case "":
                return
            case ":dm":
                self._place, self._thread = self._ana.dm, None
            case ":general":
                self._place, self._thread = self._general, None
            case ":thread":
                self._thread = self._latest()
            case ":react":
                await self._ana.reacts(self._latest(), rest)
            case ":press":
                act = await self._ana.presses(self._latest(), rest)
                self._modal = act.modal
                if act.modal is not None:
                    print(f"  [{act.modal.title}: {', '.join(field.label for field in act.modal.fields)}]")
            case ":submit" if self._modal is not None:
                done = await self._ana.submits(self._modal, {self._modal.fields[0].action_id: rest})
                print(f"  ({done.failed or done.errors or 'sent'})")
            case ":file":
                path, _, words = rest.partition(" ")
                data = await asyncio.to_thread(Path(path).expanduser().read_bytes)
                await self._say(words, files=[(Path(path).name, data)])
            case ":locale":
                self._ana.locale = rest
            case ":stop":
                await self._ana.stops(self._latest())
            case _ if word.startswith("/"):
                call = await self._ana.calls(self._place, word[1:], rest, thread=self._thread)
                print(f"  ({call.failed or 'taken'})")
            case _:
                await self._say(line)

    async def _say(self, words: str, files: Sequence[tuple[str, bytes]] = ()) -> None:
        text = words.replace("@bot", self._server.bot.mention)
        await self._ana.says(self._place, text, thread=self._thread, files=files)

    def _latest(self) -> Message:
        if self._last is None:
            raise LookupError("the bot has said nothing yet")
        return self._last


def _look(message: Message) -> str:
    private = " (only you see this)" if message.ephemeral_for else ""
    lines = [f"{message.author.name}{private}: {message.text}"]
    lines += [f"  [file {file.name}, {len(file.data)} bytes: {file.alt_text}]" for file in message.files]
    lines += [f"  {note}" for note in message.notes.splitlines()]
    buttons = [f"[{button.label}]" for button in message.buttons if button.option is None]
    menu = " | ".join(button.label for button in message.buttons if button.option is not None)
    if buttons or menu:
        lines.append("  " + " ".join([*buttons, *([f"{{{menu}}}"] if menu else [])]))
    return "\n".join(lines)


async def serve(port: int, *, limits: bool) -> None:
    """Run the workspace and its console."""
    async with SlackServer(port=port, limits=limits) as server:
        console = Console(server)
        print(f"SLACK_API_URL={server.api_url} SLACK_BOT_TOKEN={server.bot_token} SLACK_APP_TOKEN={server.app_token}")
        print(HELP, flush=True)
        showing = asyncio.create_task(console.show())
        await console.listen()
        showing.cancel()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8070)
    parser.add_argument("--no-limits", action="store_true", help="leave volume limits out")
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, limits=not given.no_limits))


if __name__ == "__main__":
    main()
