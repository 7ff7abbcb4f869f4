from __future__ import annotations

import io
from pathlib import Path

import pytest
from yarl import URL

from bot.domain.messages import Attachment
from bot.errors import DeliveryError
from tests.web.site import Site, open_site

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc00000030101009ff4d8b10000000049454e44ae426082"
)


async def upload(site: Site, data: bytes, name: str = "notes.txt") -> tuple[int, dict[str, object]]:
    async with site.http.post("/api/uploads", params={"name": name}, data=io.BytesIO(data)) as response:
        return response.status, await response.json()


async def test_an_attached_text_is_read_with_the_question(site: Site) -> None:
    _, kept = await upload(site, b"Lunch at noon.")
    async with site.seat() as seat:
        await site.say("what time?", attachments=[{"id": kept["id"], "name": "notes.txt"}])
        await seat.answered()

    assert "Lunch at noon." in site.generator.requests[0].messages[-1].content
    (shown,) = (await site.turns())[0]["attachments"]
    assert (shown["name"], shown["size"], shown["picture"]) == ("notes.txt", 14, False)


async def test_files_are_served_as_what_their_bytes_are(site: Site) -> None:
    _, page = await upload(site, b"<script>alert(1)</script>", "page.html")
    _, picture = await upload(site, PNG, "evil.html")

    page_response = await site.get(str(page["url"]))
    picture_response = await site.get(str(picture["url"]))

    assert page_response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert picture_response.headers["Content-Type"] == "image/png"
    assert picture_response.body == PNG


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"a" * ((1 << 20) + 1), 413, "larger than 1024 KiB"),
        (b"", 422, "is empty"),
        (b"MZ\x90\x00\x03", 415, "neither text nor a picture"),
    ],
    ids=["too large", "empty", "a program"],
)
async def test_what_cannot_be_kept_is_refused(site: Site, data: bytes, status: int, words: str) -> None:
    answer = await upload(site, data)

    assert answer[0] == status
    assert words in str(answer[1]["error"])


async def test_a_file_name_cannot_lead_anywhere(site: Site, tmp_path: Path) -> None:
    _, kept = await upload(site, b"text", "../../../etc/passwd")

    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [kept["id"]]


async def test_nothing_but_ids_is_served(site: Site) -> None:
    for path in (
        "/uploads/..%2Finkling.db",
        "/uploads/%2Fetc%2Fpasswd",
        "/uploads/inkling.db",
        "/pictures/..%2Finkling.db",
        "/pictures/unknown",
        "/static/..%2Flifecycle.py",
        "/static/%2e%2e/lifecycle.py",
    ):
        # Encoded already: aiohttp's client would tidy the path up.
        response = await site.get(URL(site.web.address.rstrip("/") + path, encoded=True))

        assert response.status in (403, 404), path


async def test_a_message_with_a_file_that_is_gone_is_refused(site: Site) -> None:
    file = {"id": "0" * 32 + ".txt", "name": "gone.txt"}

    status, body = await site.post("send", text="read this", event_id="e-gone", attachments=[file])

    assert status == 404
    assert "gone" in body["error"]


async def test_fetch_reads_an_upload_until_it_is_discarded(site: Site) -> None:
    _, kept = await upload(site, b"text")
    attachment = Attachment("a.txt", "text/plain", 4, str(kept["id"]))

    read = await site.web.fetch(attachment)
    await site.web.discard([attachment])

    assert read == b"text"
    with pytest.raises(DeliveryError):
        await site.web.fetch(attachment)


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        # A file where the folder should be: nothing can be written there.
        (tmp_path / "uploads").write_text("in the way")
        status, body = await upload(site, b"text")

        assert status == 503
        assert body["error"]
