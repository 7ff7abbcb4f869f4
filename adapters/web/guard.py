"""Who may talk to the page: this machine's own browsers, or, beyond loopback, those who know the token.

A page of another site can make a browser send requests here, and a name of its own can be pointed at this machine (DNS
rebinding). The Origin header tells the first, the Host header the second. What may be done inside is the core's.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from bot.errors import SettingsError

COOKIE = "inkling"
# What a browser needs before it has signed in, and what a probe may always ask.
_OPEN_PATHS = ("/login", "/static/", "/api/words", "/healthz")
_TEN_YEARS_S = 10 * 365 * 24 * 3600

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_token_beyond_loopback(host: str, token: str) -> None:
    """Refuse to serve strangers.

    Raises:
        SettingsError: the host is not loopback and there is no token.
    """
    if not token and not is_loopback(host):
        raise SettingsError(
            f"WEB_HOST={host} lets other machines in, so WEB_TOKEN must be set: put a long random text into .env, for "
            "example of `python -c 'import secrets; print(secrets.token_urlsafe())'`, or remove WEB_HOST."
        )


class Guard:
    """The checks that every request passes, and the headers that every response carries."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._pass = hmac.new(token.encode(), b"inkling web session", hashlib.sha256).hexdigest()

    @property
    def asks_for_token(self) -> bool:
        """Whether people have to sign in."""
        return bool(self._token)

    def admits(self, token: str) -> bool:
        """Whether this is the token."""
        return self.asks_for_token and hmac.compare_digest(token.encode(), self._token.encode())

    def remember(self, response: web.Response) -> None:
        """Let the browser in from now on."""
        response.set_cookie(COOKIE, self._pass, max_age=_TEN_YEARS_S, httponly=True, samesite="Strict", path="/")

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Signal handler: the security headers on each response."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")

    def middleware(self) -> Middleware:
        """The checks, as aiohttp takes them."""

        @web.middleware
        async def protect(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check_host(request)
            _check_origin(request)
            if not self._may_enter(request):
                if request.method == hdrs.METH_GET and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
                    raise web.HTTPSeeOther("/login")
                raise web.HTTPUnauthorized(text="Sign in at /login, or send the token as a Bearer header.")
            return await handler(request)

        return protect

    def _check_host(self, request: web.Request) -> None:
        """Without a token only this machine's own names are answered; with one, the cookie is bound to the name."""
        name = urlsplit(f"//{request.headers.get(hdrs.HOST, '')}").hostname or ""
        if not self.asks_for_token and not is_loopback(name):
            raise web.HTTPMisdirectedRequest(
                text="This page answers to localhost only. Set WEB_TOKEN to use another name."
            )

    def _may_enter(self, request: web.Request) -> bool:
        if not self.asks_for_token or request.path.startswith(_OPEN_PATHS):
            return True
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "bearer":
            return self.admits(token.strip())
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(cookie.encode(), self._pass.encode())


def _check_origin(request: web.Request) -> None:
    """Refuse what another site's page sends. Programs send no Origin; browsers do with every write and socket."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and urlsplit(origin).netloc != request.headers.get(hdrs.HOST):
        raise web.HTTPForbidden(text="Requests from other sites are refused.")
    site = request.headers.get("Sec-Fetch-Site", "none")
    navigates = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.method == hdrs.METH_GET
    if site not in ("none", "same-origin") and not navigates:
        raise web.HTTPForbidden(text="Requests from other sites are refused.")
