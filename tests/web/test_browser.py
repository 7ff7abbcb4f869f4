"""The page as people use it, in headless Chromium. Waits are for what appears, never for a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.domain.generation import EngineState
from bot.domain.training import Collected
from bot.engine.scripted import ScriptedGenerator
from tests.fetching import FetchedPainter
from tests.patience import PATIENCE_S
from tests.trainers import ScriptedTrainer, ratings
from tests.web.site import Site, open_site

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def sitting(browser: Browser, site: Site, name: str = "Ana", **context: Any) -> AsyncIterator[Page]:
    """A window of a person, which must not log an error."""
    # No movement: without a GPU, drawing what breathes and drips sixty times a second takes a core from the tests.
    opened = await browser.new_context(reduced_motion="reduce", **context)
    page = await opened.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{site.web.address}?as={name}")
    await expect(page.locator("#talk > *").first).to_be_visible()
    yield page
    await opened.close()
    assert errors == []


async def say(page: Page, text: str) -> None:
    await page.locator("#message").fill(text)
    await page.keyboard.press("Enter")


def answers(page: Page) -> Locator:
    return page.locator(".turn.bot")


async def test_an_answer_streams_as_markdown(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        gate = asyncio.Event()
        site.generator.enqueue("Here is **bold** and\n\n```python\nprint(1)\n", gate, "```\n\nDone.")
        await say(page, "show me")

        await expect(answers(page).locator("strong")).to_have_text("bold")
        await expect(page.locator("#composer .send")).to_have_attribute("aria-label", "Stop the answer")
        gate.set()

        await expect(answers(page).locator("figure.code .nb")).to_have_text("print")
        await expect(answers(page).locator(".block").last).to_have_text("Done.")
        await expect(page.locator("#live")).to_contain_text("Inkling answered: Here is")
        await expect(page.locator("#composer .send")).to_have_attribute("aria-label", "Send")


async def test_votes_versions_suggestions_and_a_reload_that_keeps_them(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        site.generator.enqueue("First version.")
        await say(page, "hello")
        good = answers(page).locator('[data-act="good"]')
        await good.click()
        await expect(good).to_have_attribute("aria-pressed", "true")
        await expect(good).to_have_text("1")
        await expect(answers(page)).to_contain_class("last")
        await good.click()
        await expect(good).to_have_attribute("aria-pressed", "false")

        site.generator.enqueue("Second version.")
        await answers(page).locator('[data-act="regenerate"]').click()
        await expect(answers(page)).to_contain_text("Second version.")
        await answers(page).locator('[data-act="bad"]').click()
        await answers(page).locator('[data-act="previous"]').click()
        await expect(answers(page)).to_contain_text("First version.")
        await expect(page.locator(".chip")).to_contain_text("Going on from version 1")

        await answers(page).locator('[data-act="suggest"]').click()
        await page.locator(".suggest textarea").fill("The best version.")
        await page.locator(".suggest .primary").click()
        await expect(answers(page)).to_contain_text("A better answer was suggested")

        await page.reload()
        await expect(answers(page)).to_contain_text("Second version.")
        await expect(answers(page).locator('[data-act="bad"]')).to_have_attribute("aria-pressed", "true")
        await expect(answers(page).locator(".versions")).to_contain_text("2/2")


async def test_an_answer_is_stopped_and_continued(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        site.generator.enqueue("Once upon", asyncio.Event())
        await say(page, "a story")
        await expect(answers(page)).to_contain_text("Once upon")

        await page.keyboard.press("Escape")
        await expect(answers(page).locator(".note")).to_have_text("Stopped.")

        site.generator.enqueue("a time.")
        await answers(page).locator('[data-act="continue"]').click()
        await expect(answers(page).nth(1)).to_contain_text("a time.")
        await expect(answers(page).nth(1)).to_contain_text("continued")


async def test_a_command_is_completed_and_its_form_checked(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        await page.locator("#message").press_sequentially("/wr")
        await expect(page.locator(".menu [role=option]")).to_have_count(1)
        await page.keyboard.press("Enter")

        about = page.get_by_label("what it is about")
        await expect(about).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator(".command .error").first).to_have_text("This is needed.")

        await about.fill("invite the team")
        form = page.get_by_role("combobox", name="what kind of text")
        await form.fill("email")
        await page.get_by_role("button", name="Run").click()
        await expect(page.locator(".turn.person")).to_contain_text("/write form:email invite the team")
        await expect(answers(page)).to_contain_text("Fine.")


async def test_two_people_see_each_other_in_channels_and_threads(browser: Browser, tmp_path: Path) -> None:
    async with (
        open_site(tmp_path) as site,
        sitting(browser, site, "Ana") as ana,
        sitting(browser, site, "Ben") as ben,
    ):
        await say(ana, "hello from Ana")
        await expect(ben.locator(".turn.person")).to_contain_text("hello from Ana")
        await expect(answers(ben)).to_contain_text("Fine.")
        await ben.locator('.turn.bot [data-act="good"]').click()
        await expect(ana.locator('.turn.bot [data-act="good"]')).to_have_text("1")

        await ana.locator(".turn.person").hover()
        await ana.locator('.turn.person [data-act="thread"]').click()
        await expect(ana.locator(".root")).to_contain_text("hello from Ana")
        await say(ana, "in the thread")
        await expect(ben.locator(".place.thread.unread")).to_contain_text("hello from Ana")
        await ben.locator(".place.thread").click()
        await expect(ben.locator(".turn.person").last).to_contain_text("in the thread")

        await ben.locator("#new-channel").click()
        await ben.locator("dialog input").fill("Plans")
        await ben.keyboard.press("Enter")
        await expect(ben.locator("h1")).to_have_text("# plans")
        await expect(ana.locator('[data-place="plans/"]')).to_be_visible()


async def test_what_is_written_while_the_line_is_down_goes_out_once(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        await page.context.set_offline(True)
        await site.web._hub.close()
        await expect(page.locator("#banner")).to_contain_text("Connection lost")
        await say(page, "into the dark")
        await expect(page.locator(".turn.pending")).to_contain_text("Not sent yet")

        await page.context.set_offline(False)

        await expect(answers(page)).to_contain_text("Fine.")
        await expect(page.locator(".turn.person")).to_have_count(1)
        await expect(page.locator("#banner")).to_be_hidden()


async def test_a_composed_character_is_not_sent_by_enter(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site, "琳", locale="zh-CN") as page:
        await expect(page.locator(".empty h2")).to_have_text("想写点什么？")
        await page.locator("#message").fill("你好")
        await page.locator("#message").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
        await page.locator("#message").dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
        await expect(page.locator("#message")).to_have_value("你好")

        await page.keyboard.press("Enter")
        await expect(page.locator(".turn.person .prose")).to_have_text("你好")
        # The window shows the words at once, and the answer only when they are stored.
        await expect(answers(page)).to_contain_text("Fine.")
        assert (await site.house.core.reading.places(site.web.name))[0].channel == "general"

        await page.locator("#language").click()
        await expect(page.locator("#message")).to_have_attribute("placeholder", "Message #general")


async def test_everything_can_be_reached_by_keys(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        await expect(page.locator("#message")).to_be_focused()
        await page.keyboard.type("hello")
        await page.keyboard.press("Enter")
        await expect(answers(page)).to_contain_text("Fine.")
        await expect(answers(page).locator('[data-act="good"]')).to_be_visible()
        for _ in range(12):
            await page.keyboard.press("Shift+Tab")
            if await page.evaluate("document.activeElement.dataset.act") == "good":
                break
        await page.keyboard.press("Enter")
        await expect(answers(page).locator('[data-act="good"]')).to_have_attribute("aria-pressed", "true")
        await expect(answers(page).locator('[data-act="good"]')).to_be_focused()

        await page.keyboard.press("Control+k")
        await page.keyboard.type("rand")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("# random")
        await page.keyboard.press("Alt+ArrowUp")
        await expect(page.locator("h1")).to_have_text("# writing")
        await page.locator("#open-help").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog")).to_contain_text("Shift")
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)


async def test_on_a_phone_the_sidebar_folds_and_nothing_is_cut_off(browser: Browser, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 375, "height": 700}, "has_touch": True, "is_mobile": True}
    generator = ScriptedGenerator(lambda _: "`" + "long " * 60 + "`")
    async with open_site(tmp_path, generator=generator) as site, sitting(browser, site, **phone) as page:
        await page.locator(".examples button").first.tap()
        await expect(answers(page)).to_contain_text("long")
        await expect(page.locator("#sidebar")).not_to_be_in_viewport()
        await page.locator("#open-sidebar").tap()
        await page.locator('[data-place="writing/"]').tap()

        await expect(page.locator("h1")).to_have_text("# writing")
        await expect(page.locator("#sidebar")).not_to_be_in_viewport()
        assert await page.evaluate("document.documentElement.scrollWidth") == 375


async def test_a_file_is_attached_and_shown(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Lunch at noon."}
        await page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
        await expect(page.locator(".chip")).to_contain_text("notes.txt")
        await say(page, "when is lunch?")

        await expect(page.locator(".turn.person .file")).to_contain_text("notes.txt")
        await expect(page.locator(".chip")).to_have_count(0)
        await expect(answers(page)).to_contain_text("Fine.")
        assert "Lunch at noon." in site.generator.requests[0].messages[-1].content


async def test_the_page_says_that_the_model_loads_and_follows_the_systems_theme(
    browser: Browser, tmp_path: Path
) -> None:
    async with open_site(tmp_path) as site:
        site.generator.set_health(EngineState.LOADING)
        async with sitting(browser, site, color_scheme="dark") as page:
            await expect(page.locator("#banner")).to_contain_text("The model is loading")
            dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            await page.locator("#open-person").click()
            await page.locator('[data-theme="light"]').click()
            light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            site.generator.set_health(EngineState.READY)
            await expect(page.locator("#banner")).to_be_hidden()

    assert (dark, light) == ("rgb(21, 22, 28)", "rgb(255, 255, 255)")


async def test_the_page_says_how_far_the_painters_model_is(browser: Browser, tmp_path: Path) -> None:
    painter = FetchedPainter()
    async with open_site(tmp_path, painter=painter) as site, sitting(browser, site) as page:
        banner = page.locator("#banner")
        await expect(banner).to_contain_text("org/painter is being downloaded: 12.3 of 49.0 MB (25 %)")
        painter.unreachable.set()
        await expect(banner).to_contain_text("org/painter could not be fetched. The bundled painter draws")
        site.generator.set_health(EngineState.FAILED, "The disk is gone.")
        await expect(banner).to_have_text(re.compile(r"No model is running.*The disk is gone\. org/painter could not"))


@pytest.mark.slow
async def test_the_dashboard_shows_figures_and_plots_and_the_same_as_a_table(browser: Browser, tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, sitting(browser, site) as page:
        await say(page, "hello")
        await answers(page).locator('[data-act="good"]').click()
        await expect(answers(page).locator('[data-act="good"]')).to_have_text("1")

        await page.goto(f"{site.web.address}dashboard")

        await expect(page.locator(".card", has_text="Liked")).to_contain_text("100")
        await expect(page.locator("#plot-turns .main-svg").first).to_be_visible()
        await page.locator(".figures summary").click()
        await expect(page.locator("table").first).to_contain_text(re.compile(r"Answers"))


@pytest.mark.slow
async def test_a_training_run_is_seen_on_the_page_and_the_dashboard_as_it_goes(
    browser: Browser, tmp_path: Path
) -> None:
    trainer = ScriptedTrainer(tmp_path, collected=Collected(ratings(40, 20)), figures={}, steps=asyncio.Semaphore(2))
    async with open_site(tmp_path, trainer=trainer) as site, sitting(browser, site) as page:
        await site.house.services.releases.follow()
        await say(page, "/retrain")
        await page.get_by_role("button", name="Run").click()
        await expect(answers(page)).to_contain_text("2/3")
        await page.goto(f"{site.web.address}dashboard")

        await expect(page.locator("#training-state")).to_contain_text("2/3")
        await expect(page.locator("#plot-training .legendtext")).to_have_text("loss on liked answers")
        trainer.steps.release()

        await expect(page.locator("#training-state")).to_contain_text("better, brought into service")
        await expect(page.locator("#training-progress")).to_be_hidden()
