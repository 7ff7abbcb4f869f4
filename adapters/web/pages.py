"""The page's files, its words, the uploads and pictures by id, and the login."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import hdrs, web

from adapters.web.files import UPLOAD_LIMIT, Files, media_type
from adapters.web.guard import Guard
from adapters.web.hub import Hub
from adapters.web.lines import LINES
from bot.domain.commands import COMMANDS, Command, Option
from bot.domain.lines import Text

STATIC = Path(__file__).parent / "static"
# A wrong token costs this long; guessing a long one is hopeless anyway.
_WRONG_TOKEN_S = 0.5
_FOREVER = "private, max-age=31536000, immutable"


class Pages:
    """Everything that is read: what never changes while the program runs, and files by id."""

    def __init__(self, guard: Guard, hub: Hub, files: Files, bot_name: str) -> None:
        self._guard = guard
        self._hub = hub
        self._files = files
        self._words = {
            "name": bot_name,
            "lines": {"en": _lines("en"), "zh": _lines("zh")},
            "commands": [_command(command) for command in COMMANDS],
            "upload_limit": UPLOAD_LIMIT,
        }

    def routes(self) -> list[web.AbstractRouteDef]:
        """What is served here."""
        return [
            web.get("/", _page("index.html")),
            web.get("/dashboard", _page("dashboard.html")),
            web.get("/login", _page("login.html")),
            web.post("/login", self.login),
            web.get("/favicon.ico", _page("logo.svg")),
            web.get("/api/words", self.words),
            web.get("/uploads/{id}", self.upload),
            web.get("/pictures/{id}", self.picture),
            web.get("/previews/{turn}", self.preview),
            web.static("/static", STATIC),
        ]

    async def words(self, request: web.Request) -> web.Response:
        """Every line in both languages, and the commands."""
        return web.json_response(self._words)

    async def login(self, request: web.Request) -> web.Response:
        """Let a browser in that knows the token."""
        form = await request.post()
        if not self._guard.admits(str(form.get("token", ""))):
            await asyncio.sleep(_WRONG_TOKEN_S)
            raise web.HTTPSeeOther("/login?wrong")
        response = web.Response(status=303, headers={hdrs.LOCATION: "/"})
        self._guard.remember(response)
        return response

    async def upload(self, request: web.Request) -> web.FileResponse:
        """An attached file: a picture to be shown, or text to be read as it is."""
        upload_id = request.match_info["id"]
        path = self._files.path_of(upload_id)
        if path is None:
            raise web.HTTPNotFound
        kind = media_type(upload_id)
        charset = "; charset=utf-8" if kind.startswith("text/") else ""
        return _file(path, kind + charset)

    async def picture(self, request: web.Request) -> web.FileResponse:
        """A painted picture."""
        path = self._files.picture_path(request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound
        return _file(path, media_type(path.name))

    async def preview(self, request: web.Request) -> web.Response:
        """A picture that is being drawn, as it looks now."""
        preview = self._hub.preview(request.match_info["turn"])
        if preview is None:
            raise web.HTTPNotFound
        return web.Response(body=preview, content_type="image/png")


def _page(name: str) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    """A handler that serves one of the static files; the browser asks each time whether it changed."""

    async def serve(request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / name, headers={hdrs.CACHE_CONTROL: "no-cache"})

    return serve


def _file(path: Path, kind: str) -> web.FileResponse:
    return web.FileResponse(path, headers={hdrs.CONTENT_TYPE: kind, hdrs.CACHE_CONTROL: _FOREVER})


def _lines(locale: str) -> dict[str, str]:
    return {key: text.in_locale(locale) for key, text in LINES.items()}


def _command(command: Command) -> dict[str, object]:
    return {
        "name": command.name,
        "help": _both(command.help),
        "who": command.who,
        "options": [_option(option) for option in command.options],
    }


def _option(option: Option) -> dict[str, object]:
    return {
        "name": option.name,
        "type": option.type,
        "help": _both(option.help),
        "required": option.required,
        "main": option.main,
        "low": option.low,
        "high": option.high,
        "completes": option.completes,
        "choices": [{"value": choice.value, "label": _both(choice.label)} for choice in option.choices],
    }


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
