"""A pretend Slack to try the bot by hand: `python -m tests.servers.slack --port 8070`, then type as Ana."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import suppress
from pathlib import Path

from tests.servers.slack import SlackServer
from tests.servers.slack.console import HELP, Console


async def serve(port: int, *, limits: bool, printed: str) -> None:
    """Run the workspace and its console, with the app installed as a printed manifest says, where there is one."""
    async with SlackServer(port=port, limits=limits) as server:
        if printed:
            server.install(json.JSONDecoder().raw_decode(printed)[0])
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
    parser.add_argument("--manifest", type=Path, help="a file with what `make connect-slack` printed, to install it")
    given = parser.parse_args()
    printed = given.manifest.read_text(encoding="utf-8") if given.manifest else ""
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, limits=not given.no_limits, printed=printed))


if __name__ == "__main__":
    main()
