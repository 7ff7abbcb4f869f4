"""A Discord to try by hand: `python -m tests.servers.discord --port 8765`, then Inkling in another terminal."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.servers.discord import DiscordServer, Impossible
from tests.servers.discord.console import Console


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
