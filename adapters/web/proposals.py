"""Values to propose while a person fills in a command's form."""

from __future__ import annotations

from base64 import b64encode

from aiohttp import web

from bot.chat.reading import Reading
from bot.domain.commands import Choice

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
        asked = request.query.get
        locale = asked("locale", "en")
        typed = asked("typed", "")[:_TYPED_LIMIT]
        found = await self._reading.complete(asked("command", ""), asked("option", ""), typed, locale)
        return web.json_response([_proposal(each, locale) for each in found])


def _proposal(choice: Choice, locale: str) -> dict[str, str]:
    # Samples are small enough to come along.
    picture = f"data:image/png;base64,{b64encode(choice.picture).decode()}" if choice.picture else ""
    return {"value": choice.value, "label": choice.label.in_locale(locale), "picture": picture}
