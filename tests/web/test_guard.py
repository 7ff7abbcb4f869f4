from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from adapters.web import WebPlatform
from bot.errors import AddressInUse, SettingsError
from bot.system import SystemClock
from tests.web.site import ANA, GENERAL, Site, open_site, web_settings

TOKEN = "a-long-random-text"
ACT = {"act": "send", "by": ANA, "place": GENERAL, "event_id": "e1", "text": "hello"}


async def test_only_the_names_of_this_machine_are_answered(site: Site) -> None:
    own = ["localhost:8000", "127.0.0.1", "[::1]:8000"]
    foreign = ["evil.example", "127.0.0.1.evil.example", "192.168.0.7:8000", ""]

    answers = {host: (await site.get("/api/words", headers={"Host": host})).status for host in own + foreign}

    assert answers == dict.fromkeys(own, 200) | dict.fromkeys(foreign, 421)


async def test_acts_from_other_sites_are_refused(site: Site) -> None:
    foreign = ["https://evil.example", "http://127.0.0.1:1", "null"]

    answers = [await site.http.post("/api/acts", json=ACT, headers={"Origin": origin}) for origin in foreign]

    assert [response.status for response in answers] == [403, 403, 403]
    assert await site.turns() == []


async def test_an_act_from_the_page_itself_is_taken(site: Site) -> None:
    response = await site.http.post("/api/acts", json=ACT, headers={"Origin": site.web.address.rstrip("/")})

    assert response.status == 200


async def test_a_socket_from_another_site_is_refused(site: Site) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await site.http.ws_connect("/api/events", headers={"Origin": "https://evil.example"})


async def test_reads_for_another_site_are_refused_but_links_work(site: Site) -> None:
    cross = {"Sec-Fetch-Site": "cross-site"}

    embedded = await site.get("/api/words", headers=cross | {"Sec-Fetch-Mode": "no-cors"})
    followed = await site.get("/", headers=cross | {"Sec-Fetch-Mode": "navigate"})

    assert (embedded.status, followed.status) == (403, 200)


async def test_every_response_carries_the_security_headers(site: Site) -> None:
    for path in ("/", "/dashboard", "/api/words", "/no-such-page", "/metrics"):
        headers = (await site.get(path)).headers

        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


async def test_other_machines_are_not_let_in_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WEB_TOKEN"):
        async with open_site(tmp_path, WEB_HOST="0.0.0.0"):
            pass


async def test_a_foreign_address_is_reported_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WEB_HOST"):
        async with open_site(tmp_path, WEB_HOST="192.0.2.1", WEB_TOKEN=TOKEN):
            pass


async def test_a_taken_port_is_reported_with_the_remedy(site: Site, tmp_path: Path) -> None:
    port = site.web.address.rstrip("/").rpartition(":")[2]
    second = WebPlatform(web_settings(tmp_path, WEB_PORT=port), SystemClock())

    with pytest.raises(AddressInUse, match="WEB_PORT"):
        await second.start(site.house.core)


async def test_with_a_token_one_signs_in_first(tmp_path: Path) -> None:
    async with open_site(tmp_path, WEB_TOKEN=TOKEN) as site:
        asked = await site.get("/", headers={"Accept": "text/html"}, allow_redirects=False)
        refused = await site.http.post("/api/acts", json=ACT)
        wrong = await site.http.post("/login", data={"token": "guess"}, allow_redirects=False)
        right = await site.http.post("/login", data={"token": TOKEN}, allow_redirects=False)
        inside = await site.http.post("/api/acts", json=ACT)

        assert (asked.status, asked.headers["Location"]) == (303, "/login")
        assert refused.status == 401
        assert (wrong.headers["Location"], wrong.cookies) == ("/login?wrong", {})
        assert inside.status == 200
        cookie = right.cookies["inkling"]
        assert TOKEN not in cookie.value
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")


async def test_programs_send_the_token_as_bearer_and_probes_need_none(tmp_path: Path) -> None:
    async with open_site(tmp_path, WEB_TOKEN=TOKEN) as site:
        without = await site.get("/metrics")
        with_it = await site.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        probe = await site.get("/healthz")

        assert (without.status, with_it.status, probe.status) == (401, 200, 200)


async def test_a_token_that_is_not_ascii_is_compared_too(tmp_path: Path) -> None:
    async with open_site(tmp_path, WEB_TOKEN="密码很长很长很长") as site:
        response = await site.http.post("/login", data={"token": "密码很长很长很长"}, allow_redirects=False)

        assert response.headers["Location"] == "/"
