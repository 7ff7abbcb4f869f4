"""/summarize of what cannot be read, or has no words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.conversation import TurnStatus
from bot.domain.messages import Attachment, HistoryMessage, MessageRef
from bot.domain.places import Place, Platform
from bot.errors import DeliveryError
from tests.chat.talking import asked, hourly, shown, talk
from tests.houses import CHANNEL, THREAD, House, open_house
from tests.platforms import FakePlatform


@dataclass
class _Closed(FakePlatform):
    """A place that cannot be read."""

    retryable: bool = False

    async def history(self, place: Place, *, limit: int) -> AsyncGenerator[HistoryMessage, None]:
        raise DeliveryError("403 missing access", retryable=self.retryable)
        yield


@pytest.mark.parametrize(
    ("retryable", "place", "words"),
    [
        (False, CHANNEL, "may not, or the channel or thread is gone"),
        (False, THREAD, "may not, or the channel or thread is gone"),
        (True, CHANNEL, "again in a minute"),
    ],
)
async def test_a_place_that_cannot_be_read_is_said_so(
    tmp_path: Path, retryable: bool, place: Place, words: str
) -> None:
    async with open_house(tmp_path, platform=_Closed(retryable=retryable)) as house:
        answer = await house.call("summarize", place=place)

    assert answer.status is TurnStatus.REFUSED
    assert words in answer.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"since": "tomorrow"}, "has not come yet"),
        ({"since": "明天"}, "has not come yet"),
        ({"since": "the day of days"}, "do not understand the time"),
        ({"since": "1h"}, "Nobody has written here since 2026-11-22 11:00 (UTC)"),
        ({"since": "me"}, "since your last message"),
        ({"last": 0}, "from 1 to 10000"),
        ({"text": "last 99999"}, "from 1 to 10000"),
    ],
)
async def test_a_wrong_range_is_refused_with_what_to_do(house: House, options: dict[str, str], words: str) -> None:
    talk(house, ("Ben", "hello"), ("Ana", "old news"), pause=timedelta(hours=2))

    answer = await house.call("summarize", place=CHANNEL, **options)

    assert answer.status is TurnStatus.REFUSED
    assert words in answer.text


async def test_an_empty_place_has_nothing_to_sum_up(house: House) -> None:
    answer = await house.call("summarize", place=CHANNEL)

    assert answer.status is TurnStatus.REFUSED
    assert "nothing to sum up" in answer.text


async def test_five_hundred_emoji_are_no_words(house: House) -> None:
    talk(house, *(("Ana", "🎉" * (number % 9 + 1)) for number in range(500)))

    answer = await house.call("summarize", place=CHANNEL, last=500)

    assert answer.status is TurnStatus.REFUSED
    assert "read 500 messages, and none has words" in answer.text


async def test_a_deleted_message_to_begin_at_is_said_so(house: House) -> None:
    hourly(house, 3)
    call = replace(house.command("summarize", place=CHANNEL), message=MessageRef(Platform.DISCORD, "general", "gone"))

    accepted = await house.core.accept(call)
    assert accepted is not None

    assert "did not find the message" in (await house.settled(accepted.answer.id)).text


async def test_mixed_scripts_and_right_to_left_words_keep_to_themselves(house: House) -> None:
    talk(
        house,
        ("דנה", "הפגישה ביום שני בשעה עשר"),
        ("Ана", "Встреча в понедельник, не опаздывайте"),
        ("琳", "周一十点开会，请准时"),
        ("Ana", "the meeting is on Monday"),
        ("דנה", "אני אביא את המסמכים לפגישה ביום שני"),
        ("Ben", "ok then"),
    )

    answer = await house.call("summarize", place=CHANNEL)

    assert answer.status is TurnStatus.COMPLETE
    assert "琳：周一十点开会，请准时" in asked(house)
    text = shown(house)
    assert "\u2068" in text
    assert text.count("\u2068") == text.count("\u2069")


@dataclass
class _Broken(FakePlatform):
    """Its files are gone."""

    async def fetch(self, attachment: Attachment) -> bytes:
        raise DeliveryError("404", retryable=False)


async def test_a_broken_attachment_is_said_so(tmp_path: Path) -> None:
    async with open_house(tmp_path, platform=_Broken()) as house:
        answer = await house.ask("/summarize", attachments=(Attachment("a.txt", "text/plain", 6, "f"),))

    assert answer.status is TurnStatus.REFUSED
    assert "attach it again" in answer.text


@pytest.mark.parametrize(("data", "words"), [(b"", "The text is empty"), (b"\x00\xff\xfe\x81" * 20, "not a text file")])
async def test_a_file_without_text_is_said_so(house: House, data: bytes, words: str) -> None:
    house.platform.files["f"] = data

    answer = await house.ask("/summarize", attachments=(Attachment("a.txt", "text/plain", 6, "f"),))

    assert answer.status is TurnStatus.REFUSED
    assert words in answer.text
