"""Every path that the server answers: the Web API, the sockets, response URLs, uploads and downloads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web

from tests.servers.slack.world import Seen

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

LARGEST_UPLOAD = 64 * 1024 * 1024


def routes(server: SlackServer) -> web.Application:
    """The application behind the server's port."""
    app = web.Application(client_max_size=LARGEST_UPLOAD)
    files = Files(server)
    app.router.add_route("*", "/api/{method}", server.web_api.handle)
    app.router.add_get("/link/", server.sockets.connect)
    for kind in ("commands", "actions", "app"):
        app.router.add_post(f"/{kind}/{{team}}/{{id}}/{{secret}}", server.response_urls.handle)
    app.router.add_post("/upload/v1/{id}", files.upload)
    app.router.add_get("/files-pri/{id}/{name}", files.download)
    app.router.add_get("/login", files.login)
    return app


class Files:
    """The bytes of files."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """The second step of an upload: the bytes, as they are or in a form."""
        file = self._server.world.files.get(request.match_info["id"])
        data = await _uploaded(request)
        refusal = self._server.faults.refusal(request.path)
        if refusal is not None:
            status, text = refusal.status, "refused"
        elif file is None or file.data:
            status, text = 404, "no such upload"
        elif len(data) != file.expected:
            status, text = 400, f"{len(data)} bytes instead of {file.expected}"
        else:
            file.data = data
            status, text = 200, f"OK - {len(data)}"
        self._note(request, status)
        return web.Response(status=status, text=text)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """url_private: the bytes for who holds the token and files:read, the sign-in page for everybody else."""
        server = self._server
        file = server.world.files.get(request.match_info["id"].partition("-")[2])
        refusal = server.faults.refusal(request.path)
        if refusal is not None:
            self._note(request, refusal.status)
            return web.Response(status=refusal.status, text="refused")
        if file is None:
            self._note(request, 404)
            return web.Response(status=404, text="not found")
        may = request.headers.get("Authorization") == f"Bearer {server.bot_token}" and "files:read" in server.scopes
        self._note(request, 200 if may else 302)
        if not may:
            raise web.HTTPFound("/login")
        return web.Response(body=file.data, content_type=file.mimetype)

    async def login(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html><body>Sign in to your workspace</body></html>", content_type="text/html")

    def _note(self, request: web.Request, status: int) -> None:
        self._server.requests.append(Seen(request.method, request.path, status, {}, time.monotonic()))
        self._server.changed()


async def _uploaded(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""
