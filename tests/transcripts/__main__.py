"""Write the transcripts of docs/discord.md and docs/slack.md anew: `python -m tests.transcripts`.

Some ten minutes on two cores: every answer and picture is really made, by the bundled models.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from adapters.slack.connecting import manifest
from tests.e2e.processes import ROOT
from tests.servers.discord import DiscordServer
from tests.servers.discord import console as discord_console
from tests.servers.slack import SlackServer
from tests.servers.slack import console as slack_console
from tests.transcripts import plays
from tests.transcripts.stage import Stage

_HEADING = "## A transcript"
# The bundled painter; without it the tests' processes draw nothing. One thread, for on two an answer is there before
# anybody could stop it.
_MODELS = {"IMAGE_MODEL": str(ROOT / "bot" / "models" / "painter"), "ENGINE_THREADS": "1"}


async def discord(folder: Path) -> str:
    """What stands under the heading in docs/discord.md."""
    async with DiscordServer() as server:
        general = server.add_guild("Team").add_channel("general")
        ana = server.add_user("Ana", admin=True)
        settings = {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url,
        }
        console = discord_console.Console(server, ana, general)
        stage = Stage(console, discord_console.grows, lambda: server.connected, folder, settings | _MODELS)
        stage.prose(plays.DISCORD_PREFACE)
        try:
            await plays.on_discord(stage, server, general)
        finally:
            await stage.kill()
        return stage.text()


async def slack(folder: Path) -> str:
    """What stands under the heading in docs/slack.md."""
    async with SlackServer() as server:
        server.install(manifest("Inkling"))
        console = slack_console.Console(server)
        settings = {
            "SLACK_BOT_TOKEN": server.bot_token,
            "SLACK_APP_TOKEN": server.app_token,
            "SLACK_API_URL": server.api_url,
        }
        stage = Stage(console, slack_console.grows, lambda: server.connected, folder, settings | _MODELS)
        stage.prose(plays.SLACK_PREFACE)
        try:
            await plays.on_slack(stage, server)
        finally:
            await stage.kill()
        return stage.text()


def main() -> None:
    """Read the command line."""
    players = {"discord": discord, "slack": slack}
    parser = argparse.ArgumentParser(prog="python -m tests.transcripts", description=(__doc__ or "").strip())
    parser.add_argument("--only", choices=players, help="one of the two pages")
    only = parser.parse_args().only
    for name in [only] if only else players:
        with tempfile.TemporaryDirectory() as folder:
            text = asyncio.run(players[name](Path(folder)))
        page = ROOT / "docs" / f"{name}.md"
        before = page.read_text(encoding="utf-8").partition(_HEADING)[0]
        page.write_text(f"{before}{_HEADING}\n\n{text}", encoding="utf-8")
        print(f"{page} is written anew.")


if __name__ == "__main__":
    main()
