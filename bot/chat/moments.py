"""Points in time as people type them: "2h", "yesterday 9:00", "since Monday", "昨天9点", in a person's time zone.

The `dateparser` library reads them; here its gaps are closed: which day's hour Chinese words mean, and that a day
without an hour begins at midnight. The library is loaded when first needed and parses on a thread of its own.
"""

from __future__ import annotations

import asyncio
import re
from calendar import month_name
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LEAD = re.compile(r"^(?:since|from|after|starting|自从|自|从)\s*", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:\s+(?:on|onwards?|until now|till now|to now)|\s*(?:以来|以后|之后|开始|起|至今|到现在))$", re.IGNORECASE
)

_DIGITS = str.maketrans("一二两三四五六七八九〇零", "122345678900")
_HOUR = re.compile(
    r"(?P<part>凌晨|早上|上午|中午|下午|晚上|晚)?\s*(?P<hour>\d{1,2})[点时](?:(?P<half>半)|(?P<minute>\d{1,2})分?)?钟?"
)
_PART = re.compile("凌晨|早上|上午|中午|下午|晚上|晚")
_PART_BEGINS = {"凌晨": 0, "早上": 6, "上午": 6, "中午": 12, "下午": 12, "晚上": 18, "晚": 18}
_DATE = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号]?")
_WEEKDAYS = {day: number for number, day in enumerate("一二三四五六日")} | {"天": 6}
_WEEKDAY = re.compile("(上个?)?(?:周|星期|礼拜)([一二三四五六日天])")
_DAYS = {
    "大前天": "3 days ago",
    "前天": "2 days ago",
    "昨天": "yesterday",
    "昨晚": "yesterday 18:00",
    "今天": "today",
    "明天": "tomorrow",
}
_SPANS = (
    (re.compile(r"半个?小时(?:之?前)?"), "30 minutes ago"),
    (re.compile(r"(\d+)个?(?:小时|钟头)(?:之?前|内|以内)?"), r"\1 hours ago"),
    (re.compile(r"(\d+)分钟(?:之?前|内|以内)?"), r"\1 minutes ago"),
    (re.compile(r"(\d+)天(?:之?前|内|以内)?"), r"\1 days ago"),
    (re.compile(r"(\d+)个?(?:周|星期|礼拜)(?:之?前|内|以内)?"), r"\1 weeks ago"),
    (re.compile(r"(\d+)个月(?:之?前|内|以内)?"), r"\1 months ago"),
    (re.compile(r"上个?(?:周|星期|礼拜)"), "1 week ago"),
)
_ENGLISH = {
    "half an hour": "30 minutes",
    "last night": "yesterday 18:00",
    "noon": "today 12:00",
    "midnight": "today 0:00",
}
# An hour in words, or a span that is counted back from now.
_EXACT = re.compile(
    r"\d:\d|\d\s*[ap]\.?m\b|\bnow\b|\bnoon\b|\bmorning\b|\bafternoon\b|\bevening\b|\bmidnight\b"
    r"|(?:\d|\ban?|\bhalf)\s*(?:an\s+)?(?:h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)\b",
    re.IGNORECASE,
)


def zone_named(name: str) -> tzinfo:
    """The time zone of an IANA name; UTC where the name is empty or unknown."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


async def read_moment(words: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The point in time that words mean, in UTC; None when they mean none. A day without an hour is its beginning.

    Args:
        now: aware; what "2h" and "yesterday" count from.
        zone: the zone that hours and days are meant in, unless the words name another.
    """
    plain = _TAIL.sub("", _LEAD.sub("", words.strip()))
    # The library takes a mere number for a year.
    if not re.search(r"[^\W\d]|\d\D+\d", plain):
        return None
    return await asyncio.to_thread(_parse, _in_english(plain, now.astimezone(zone)), now.astimezone(zone), zone)


def _parse(words: str, now: datetime, zone: tzinfo) -> datetime | None:
    from dateparser.date import DateDataParser

    parser = DateDataParser(
        languages=["en", "zh"],
        settings={"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "past", "DATE_ORDER": "YMD"},
    )
    found: datetime | None = parser.get_date_data(words).date_obj
    if found is None:
        return None
    if not _EXACT.search(words):
        found = found.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _in_english(words: str, now: datetime) -> str:
    """Words for times that the library does not know, as ones that it does."""
    for unknown, known in _ENGLISH.items():
        words = re.sub(rf"\b{unknown}\b", known, words, flags=re.IGNORECASE)
    if not re.search("[\u4e00-\u9fff]", words):
        return words
    words = _WEEKDAY.sub(lambda match: f" {_day_of_week(match, now)} ", words)
    words = re.sub("十([一二三四五六七八九])", r"1\1", re.sub("([一二三四五六七八九])十", r"\g<1>0", words))
    words = words.replace("十", "10").translate(_DIGITS)
    words = _DATE.sub(_date, words)
    for pattern, meaning in _SPANS:
        words = pattern.sub(meaning, words)
    for day, meaning in _DAYS.items():
        words = words.replace(day, f"{meaning} ")
    words = _HOUR.sub(_hour, words)
    words = _PART.sub(lambda match: f" {_PART_BEGINS[match[0]]}:00", words)
    return " ".join(words.replace("的", " ").split())


def _date(match: re.Match[str]) -> str:
    year, month, day = match[1], int(match[2]), match[3]
    return f" {day} {month_name[month] if month <= 12 else '?'} {year or ''} "


def _day_of_week(match: re.Match[str], now: datetime) -> str:
    """The date of a weekday: the latest one, or that of the calendar week before this one."""
    days_ago = (now.weekday() - _WEEKDAYS[match[2]]) % 7
    if match[1]:
        days_ago = now.weekday() - _WEEKDAYS[match[2]] + 7
    return f"{now - timedelta(days=days_ago):%Y-%m-%d}"


def _hour(match: re.Match[str]) -> str:
    hour = int(match["hour"])
    if match["part"] in ("下午", "晚上", "晚", "中午") and hour < 11:
        hour += 12
    minute = 30 if match["half"] else int(match["minute"] or 0)
    return f" {hour}:{minute:02}"
