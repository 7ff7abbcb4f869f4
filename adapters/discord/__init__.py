"""Discord, by discord.py.

`lifecycle` is the platform: login, gateway, stop. `client` receives events and hands them on: `inbound` is for messages
and reactions, `interacting` for commands, buttons and forms. `translating` turns Discord's objects into the core's
values, `commands` the core's command table into Discord's. `opening` says where an answer goes, `outbound` shows it,
`layout` says which messages it is, `carrying` brings these to Discord, `sending` tries again what must arrive, `pacing`
keeps a channel's edits apart. `catching_up` reads what was said while the bot was away, `asking` what the core wants to
know. `connecting` and `checking` are for set-up.

The adapter translates and holds no rules: who is answered, remembered or an admin is decided in `bot.chat`.
"""

from adapters.discord.lifecycle import DiscordPlatform

__all__ = ["DiscordPlatform"]
