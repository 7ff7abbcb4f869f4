"""What a new user does on each platform, from the set-up to the checks of a running bot."""

from __future__ import annotations

from tests.servers.discord import Channel, DiscordServer
from tests.servers.slack import SlackServer
from tests.transcripts.stage import Stage

_PREFACE = (
    "This happened: the bot with its bundled models (small ones, so mind the words less than the ways) on the "
    "project's own pretend {name}. `python -m tests.transcripts` plays it again and writes these lines; by hand it is "
    "`python -m tests.servers.{folder}`. `>` is what Ana types; states on the way are left out. "
)
DISCORD_PREFACE = _PREFACE.format(name="Discord", folder="discord") + (
    "`<` is a new message, `~` one that changed; buttons stand in round brackets, menus in braces."
)
SLACK_PREFACE = _PREFACE.format(name="Slack", folder="slack") + ("Buttons stand in square brackets, menus in braces.")

_NEWS = "The meeting moves from Tuesday to Friday at three. Please bring the signed contract and tell Omar."


async def on_discord(stage: Stage, server: DiscordServer, general: Channel) -> None:
    """The page of Discord."""
    stage.prose("Set-up: with the client secret in the token's place, with the intent off, and as it should be:")
    connect = {"shown": "make connect-discord"}
    await stage.shell("connect", "discord", DISCORD_TOKEN="a0Client5ecret", **connect)
    server.message_content = False
    await stage.shell("connect", "discord", **connect)
    server.message_content = True
    await stage.shell("connect", "discord", **connect)
    await stage.start()

    stage.prose("In #general, then in a thread opened at the answer and in a forum's post, where nobody is mentioned:")
    await stage.line("@bot Write a haiku about rain")
    await stage.line(":react 👍🏽")
    await stage.line(":unreact 👍🏽")
    await stage.line(":reply Now one about snow")
    await stage.line(":thread Haiku")
    await stage.line("Another one, please")
    await stage.line(":forum A name for our cat | @bot It is black.")
    await stage.line("And one more?")
    await stage.line(":general")

    stage.prose("A draft, proposed, changed, judged and used; a private summary, shared:")
    await stage.line(":type write form ema")
    await stage.line(':call write form=email about="invite the team to lunch on Friday"')
    await stage.line(":choose Shorter")
    await stage.line(":press 👎")
    await stage.line(':fill reason="too stiff" better="Lunch on Friday at noon, my treat. Who is in?"')
    await stage.line("@bot !write email thank Ben for the cake")
    await stage.line(":press Use as message")
    await stage.line("me want lunch early, you come too?", answered=False)
    await stage.line(":menu Rewrite this")
    await stage.line(f':call summarize text="{_NEWS}"')
    await stage.line(":press Share")

    stage.prose("Pictures; what is kept, asked for by a mention; the releases; a training run, tried:")
    await stage.line(':call image prompt="a red boat" count=2 steps=6')
    await stage.line(":press Pick 2")
    await stage.line(":choose Let it move")
    await stage.line("@bot !privacy")
    await stage.line(":call release")
    await stage.line(":call retrain action=dry-run")

    stage.prose("An answer stopped; `kill -9`, a new start, and the buttons of before:")
    await stage.line("@bot Suggest a name for a reading group")
    await stage.stop(':call write form=story about="a dog and the moon" length=300', ":press Stop")
    await stage.crash()
    await stage.line(":press Continue")
    await stage.line(":press Regenerate")

    stage.prose("In Chinese:")
    await stage.line(":locale zh-CN")
    await stage.line(":call write about=春雨 form=poem length=30")
    await stage.line(":choose 更短")
    await stage.line(":call privacy")

    stage.prose("Everything checked again, and one channel in which the bot may not write:")
    await stage.shell("doctor", shown="make doctor")
    general.bot_may(send_messages=False)
    where = f"discord/{general.id}"
    await stage.shell("doctor", "--channel", where, shown=f"make doctor CHANNEL={where}")


async def on_slack(stage: Stage, server: SlackServer) -> None:
    """The page of Slack."""
    stage.prose("Set-up, with the two tokens swapped, with a scope missing, and as it should be:")
    connect = {"shown": "make connect-slack"}
    swapped = {"SLACK_BOT_TOKEN": server.app_token, "SLACK_APP_TOKEN": server.bot_token}
    await stage.shell("connect", "slack", **connect, **swapped)
    server.scopes -= {"reactions:read"}
    await stage.shell("connect", "slack", **connect)
    server.scopes |= {"reactions:read"}
    await stage.shell("connect", "slack", **connect)
    await stage.start()

    stage.prose("In #general, then in the thread of the answer, where nobody is mentioned:")
    await stage.line("@bot Write a haiku about rain")
    await stage.line(":react 👍🏽")
    await stage.line(":thread")
    await stage.line("Now one about snow")
    await stage.line("!write email thank Ben for the cake")
    await stage.line(":general")

    stage.prose("A draft, changed, judged and used; a private summary, shared:")
    await stage.line("/write form:email invite the team to lunch on Friday")
    await stage.line(":press Shorter")
    await stage.line(":press Bad answer")
    await stage.line(":submit too stiff")
    await stage.line("/write form:social-post we have a new office")
    await stage.line(":press Use as message")
    await stage.line("me want lunch early, you come too?", answered=False)
    await stage.line(":menu Rewrite this")
    await stage.line(":general")
    await stage.line(
        "/summarize The meeting moves from Tuesday to Friday. Please bring the signed contract and tell Omar."
    )
    await stage.line(":press Share")

    stage.prose("Pictures; what is kept; the releases; a training run, tried:")
    await stage.line("/image count:2 steps:6 a red boat")
    await stage.line(":press Pick 2")
    await stage.line(":press Let it move")
    await stage.line("/privacy")
    await stage.line("/release")
    await stage.line("/retrain dry-run")

    stage.prose("In the app's direct messages an answer stopped; `kill -9`, a new start, and the buttons of before:")
    await stage.line(":dm")
    await stage.line("Suggest a name for a reading group")
    await stage.stop("Tell me a long story about a dog", ":stop")
    await stage.crash()
    await stage.line(":press Continue")
    await stage.line(":press Regenerate")
    await stage.line(":general")

    stage.prose("In Chinese (Slack tells the bot of a new language within ten minutes, or at its next start):")
    await stage.line(":locale zh-CN")
    await stage.crash()
    await stage.line("/write form:poem 雪")
    await stage.line(":press 更短")
    await stage.line("/privacy")

    stage.prose("Everything checked again, and a channel that the bot is not in:")
    await stage.shell("doctor", shown="make doctor")
    other = f"slack/{server.add_channel('random', bot=False).id}"
    await stage.shell("doctor", "--channel", other, shown=f"make doctor CHANNEL={other}")
