"""What people do with drafts and pictures on the page, in headless Chromium."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser, expect

from bot.domain.generation import EngineHealth, EngineState, Painted, PaintEvent, PaintProgress, PaintRequest
from tests.web.site import GENERAL, open_site
from tests.web.test_browser import answers, say, sitting

pytestmark = pytest.mark.asyncio(loop_scope="session")


def png(colour: str) -> bytes:
    """A picture of 8 by 8 pixels."""
    data = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(data, "PNG")
    return data.getvalue()


@dataclass
class PatientPainter:
    """Shows a look after the first of four steps, and paints once the gate is open."""

    gate: asyncio.Event

    def health(self) -> EngineHealth:
        return EngineHealth(EngineState.READY, "painter", "painter", 0)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        yield PaintProgress(1, 4, png("grey"))
        await self.gate.wait()
        seeds = tuple(range(7, 7 + request.count))
        yield Painted(tuple(png(colour) for colour in ("red", "green")[: request.count]), {"steps": 4}, seeds)


async def test_a_draft_is_made_shorter_by_the_menu_and_used(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        site.generator.enqueue("A long note to the whole team.")
        await say(page, "/write a note to the team")
        await expect(answers(page)).to_contain_text("A long note")

        site.generator.enqueue("A note.")
        await answers(page).locator('[data-act="change"]').focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem", name="Shorter")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("menuitem", name="Longer")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("menu")).to_be_hidden()
        await expect(answers(page).locator('[data-act="change"]')).to_be_focused()
        await page.keyboard.press("Enter")
        await page.get_by_role("menuitem", name="Shorter").press("Enter")

        await expect(answers(page)).to_contain_text("A note.")
        await expect(answers(page).locator(".versions")).to_have_text("2/2Shorter")
        await answers(page).get_by_role("button", name="Use as message").click()

        await expect(answers(page)).to_have_count(2)
        await expect(answers(page).nth(1).locator(".prose")).to_contain_text("A note.")
        await expect(answers(page).first.locator('[data-act="good"]')).to_have_text("1")


async def test_a_picture_is_seen_as_it_is_drawn_and_picked_from_a_grid(browser: Browser, tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_site(tmp_path, painter=PatientPainter(gate)) as site, sitting(browser, site) as page:
        await page.locator("#message").fill("/image count:2 a cat")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("img", name="The picture as it looks so far")).to_be_visible()
        await expect(page.get_by_role("progressbar")).to_have_js_property("position", 0.25)
        gate.set()

        grid = answers(page).get_by_role("img", name="a cat")
        await expect(grid).to_have_count(2)
        await expect(grid.first).to_have_css("image-rendering", "pixelated")
        await page.get_by_role("button", name="Pick picture 2").focus()
        await page.keyboard.press("Enter")

        await expect(grid).to_have_count(1)
        await expect(answers(page).locator(".versions")).to_have_text("2/2Picked")
        await expect(answers(page).get_by_role("button", name="Vary")).to_be_visible()
        async with page.expect_download() as downloading:
            await answers(page).locator(".picture").hover()
            await answers(page).get_by_role("link", name="Download").click()
        assert (await downloading.value).suggested_filename.endswith(".png")


async def test_an_address_of_a_message_leads_to_it_through_older_ones(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.web.sockets.PAGE", 4)
    async with open_site(tmp_path) as site:
        async with site.seat() as seat:
            first = (await site.say("the very first message"))["question"]
            await seat.answered()
            for number in range(4):
                await site.say(f"message {number}")
                await seat.answered()
            site.generator.enqueue(f"It began [here](/#/general//{first}).")
            await site.say("where did it begin?", place=GENERAL)
            await seat.answered()
        async with sitting(browser, site) as page:
            await expect(page.get_by_text("the very first message")).to_have_count(0)
            await page.get_by_role("link", name="here").click()

            await expect(page.get_by_text("the very first message")).to_be_in_viewport()
            assert len(page.context.pages) == 1


async def test_a_value_is_proposed_and_taken_by_keys(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        await page.locator("#message").press_sequentially("/write")
        await page.keyboard.press("Enter")
        form = page.get_by_role("combobox", name="what kind of text")
        await form.press_sequentially("email")
        await expect(page.locator("#proposals-form [role=option]")).to_have_count(1)
        await form.press("ArrowDown")
        await form.press("Enter")

        await expect(form).to_have_value("email")
        await expect(page.get_by_label("what it is about")).to_be_visible()
