"""Values to propose while a person fills in a command's form."""

from __future__ import annotations

from aiohttp import web

from bot.chat.reading import Reading

# Longer than what people type before they take a proposal.
_TYPED_LIMIT = 200


class Proposals:
    """Answers what a field asks while one types."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def routes(self) -> list[web.RouteDef]:
        """What is served here."""
        return [web.get("/api/completions", self.complete)]

    async def complete(self, request: web.Request) -> web.Response:
        """The values that fit, the best first; none for an option that does not complete."""
        command, option, typed, locale = (
            request.query.get(key, "") for key in ("command", "option", "typed", "locale")
        )
        found = await self._reading.complete(command, option, typed[:_TYPED_LIMIT], locale)
        return web.json_response(
            [{"value": each.value, "label": each.label.in_locale(locale), "picture": ""} for each in found]
        )
