"""Which stretch of a place's talk is meant, and reading it through the platform, newest first, within a bound.

Other places than the one where it is asked are read where the asker may read them, as the platform says at the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bot.chat.addressing import clean, looks_like_command
from bot.chat.moments import read_moment
from bot.domain.messages import HistoryMessage, MessageRef, OptionValue
from bot.domain.places import Person, Place
from bot.errors import DeliveryError, Refused
from bot.ports import ChatPlatform, FoundPlace

# How many messages are read when nobody says how many, and at the most.
DEFAULT_LAST = 100
MOST = 10_000
# Channels that are read for one summary.
MOST_PLACES = 10
# A person who never says so is looked for so far back.
OWN_WITHIN = 1000
# Progress is told every so many messages.
TOLD_EVERY = 200

_LAST = re.compile(
    r"(?:the\s+)?(?:last|latest|最近|最后|最新)\s*(\d{1,6})\s*(?:messages?|msgs?|posts?|条消息|条)?", re.IGNORECASE
)
_OWN = re.compile(
    r"(?:since|from|从|自)?\s*(?:me|my last (?:message|visit)|i was (?:last )?here|i left|last time|last seen"
    r"|我|我上次(?:发言|来|在|离开)(?:之?后|以来)?|上次(?:以来|之?后)?|我离开(?:之?后|以来)?)",
    re.IGNORECASE,
)
# A text that is longer than this is a text, not a scope.
_SCOPE_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Scope:
    """The messages meant: the last so many, those since a time, since one's own latest, or from one message on.

    `first` names that message as the platform does, or by its link.
    """

    last: int = 0
    since: datetime | None = None
    since_own: bool = False
    first: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was read, oldest first. `reached`: the place where the scope begins was found; `is_cut`: more lay before."""

    messages: tuple[HistoryMessage, ...]
    reached: bool
    is_cut: bool = False


async def scope_of(options: Mapping[str, OptionValue], *, now: datetime, zone: tzinfo) -> tuple[Scope, str]:
    """The scope that a command names, and the text that is to be summed up instead ("" for none).

    Words such as `/summarize last 50` or `/summarize since Monday` are a scope and no text.

    Raises:
        Refused: a time cannot be read, or has not come yet.
    """
    text = str(options.get("text", "")).strip()
    since = str(options.get("since", "")).strip()
    if since:
        # `since:yesterday 9:00`, typed without quotation marks.
        joined = await _since(f"{since} {text}", now, zone) if _may_be_scope(text) else None
        scope = joined or await _since(since, now, zone)
        if scope is None:
            raise Refused("summarize.unknown_time", since=since)
        return _not_in_the_future(scope, since, now), "" if joined else text
    first = str(options.get("from", "")).strip().strip("<>")
    if first:
        return Scope(first=first), text
    last = int(options.get("last", 0))
    named = await _named(text, now, zone) if not last and _may_be_scope(text) else None
    if named is not None:
        return _not_in_the_future(named, text, now), ""
    if not last and options.get("style") == "catch-up":
        return Scope(since_own=True, last=DEFAULT_LAST), text
    return Scope(last=last or DEFAULT_LAST), text


async def channels_of(
    options: Mapping[str, OptionValue], platform: ChatPlatform, here: Place, by: Person
) -> list[FoundPlace]:
    """The channels that the command names, each of which the asker may read; none where it names none.

    Raises:
        Refused: there is no such channel, or the asker may not read it; more are named than are read at once.
    """
    names = [name for name in re.split(r"[\s,，、]+", str(options.get("channels", ""))) if name]
    if len(names) > MOST_PLACES:
        raise Refused("summarize.too_many_places", most=MOST_PLACES)
    found: dict[str, FoundPlace] = {}
    for name in names:
        try:
            channel = await platform.find_place(name, here, by)
        except DeliveryError as error:
            raise Refused("summarize.unreachable" if error.retryable else "summarize.unreadable") from error
        if channel is None:
            raise Refused("summarize.no_such_place", name=name)
        found[channel.place.key] = channel
    return list(found.values())


async def read(
    platform: ChatPlatform,
    place: Place,
    scope: Scope,
    reader: Person,
    *,
    ask: MessageRef | None,
    told: Callable[[int], None],
) -> Stretch:
    """The messages of a scope.

    Args:
        reader: who asks; their own latest message is looked for by their key, or their name.
        ask: the question's own message, which is no talk.
        told: hears how many have been read.

    Raises:
        Refused: the place cannot be read, or the message that the scope begins at is gone.
    """
    limit = _limit(scope)
    found: list[HistoryMessage] = []
    reached = False
    try:
        async with aclosing(platform.history(place, limit=limit + 1)) as history:
            async for message in history:
                if message.ref == ask:
                    continue
                if _is_before(message, scope, reader):
                    reached = True
                    break
                if len(found) == limit:
                    break
                found.append(message)
                if len(found) % TOLD_EVERY == 0:
                    told(len(found))
                if _begins(message, scope):
                    reached = True
                    break
            else:
                # The place has no more.
                reached = not scope.first and not scope.since_own
    except DeliveryError as error:
        raise Refused("summarize.unreachable" if error.retryable else "summarize.unreadable") from error
    if scope.first and not reached:
        raise Refused("summarize.message_gone")
    return _stretch(found, scope, reached, limit)


def _limit(scope: Scope) -> int:
    if scope.since_own:
        return OWN_WITHIN if scope.last else MOST
    return MOST if scope.since or scope.first else scope.last


def _stretch(found: list[HistoryMessage], scope: Scope, reached: bool, limit: int) -> Stretch:
    if scope.since_own and not reached:
        # They never spoke here: what they are shown is what anyone would be.
        return Stretch(tuple(reversed(found[: scope.last or DEFAULT_LAST])), reached=False)
    is_cut = not reached and len(found) == limit and not scope.last
    return Stretch(tuple(reversed(found)), reached, is_cut)


def _begins(message: HistoryMessage, scope: Scope) -> bool:
    """Whether this is the message that the scope begins at.

    A link is as people copy it: behind a host's name where ours is relative, or with a query.
    """
    if not scope.first:
        return False
    first, link = scope.first.split("?")[0], message.link.split("?")[0]
    return first == message.ref.message or (bool(link) and first.endswith(link))


def _is_before(message: HistoryMessage, scope: Scope, reader: Person) -> bool:
    """Whether a message lies before the scope begins."""
    if scope.since is not None:
        return message.at < scope.since
    if not scope.since_own or message.by_bot or looks_like_command(clean(message.text)):
        return False
    return message.person == reader.key if message.person else message.author == reader.name


def _may_be_scope(text: str) -> bool:
    return 0 < len(text) <= _SCOPE_LIMIT and "\n" not in text


async def _named(text: str, now: datetime, zone: tzinfo) -> Scope | None:
    last = _LAST.fullmatch(text)
    if last:
        if not 1 <= int(last[1]) <= MOST:
            raise Refused("command.not_a_number", option="last", low=1, high=MOST, value=last[1])
        return Scope(last=int(last[1]))
    return await _since(text, now, zone)


async def _since(words: str, now: datetime, zone: tzinfo) -> Scope | None:
    if _OWN.fullmatch(words.strip()):
        return Scope(since_own=True)
    moment = await read_moment(words, now, zone)
    return Scope(since=moment) if moment else None


def _not_in_the_future(scope: Scope, words: str, now: datetime) -> Scope:
    if scope.since is not None and scope.since > now:
        raise Refused("summarize.future", since=words)
    return scope
