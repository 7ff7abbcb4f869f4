"""Requests that must arrive: what is tried again, and what an error of Discord's means for us.

discord.py itself waits out rate limits as told and tries some server errors again; this covers what it leaves: refused
and reset connections, 503, and a 429 from in front of Discord.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from bot.errors import DeliveryError

T = TypeVar("T")

# For how many seconds a request is tried again: a state that may be skipped, a question that somebody waits for, and
# the last state of an answer, which must arrive. The core comes back to that one a few times, too.
ONCE = 0.0
SHORT = 15.0
LONG = 120.0

# Discord's own numbers, https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
INVALID_WEBHOOK_TOKEN = 50027
TOO_MANY_EDITS_OF_OLD = 30046
NO_FIRST_POST_YET = 40058
THREAD_ARCHIVED = 50083
NO_REPLY_WITHOUT_HISTORY = 160002
THREAD_LOCKED = 160005


class Gone(DeliveryError):
    """The message is not there any more, or cannot be edited any more."""

    def __init__(self) -> None:
        super().__init__("the message is gone", retryable=False)


class Expired(DeliveryError):
    """The interaction's token has run out."""

    def __init__(self) -> None:
        super().__init__("the interaction is over", retryable=False)


class Unrepliable(DeliveryError):
    """The bot may write here, but not refer to another message."""

    def __init__(self) -> None:
        super().__init__("a reply needs the permission Read Message History", retryable=False)


class Archived(DeliveryError):
    """The thread is archived: nothing in it can be edited until it is taken out."""

    def __init__(self) -> None:
        super().__init__("the thread is archived", retryable=False)


class Locked(DeliveryError):
    """The thread is locked: only moderators may write in it."""

    def __init__(self) -> None:
        super().__init__("the thread is locked", retryable=False)


async def persist(request: Callable[[], Awaitable[T]], patience: float = SHORT) -> T:
    """Make a request, again with backoff while the trouble may pass, for `patience` seconds.

    Raises:
        Gone: the message that it is about is gone.
        Expired: the interaction that it belongs to is over.
        Unrepliable: it is a reply, and the bot may not read the channel's history.
        Archived, Locked: it is about a thread that is.
        DeliveryError: Discord refuses it otherwise, or could not be reached for so long.
    """
    try:
        async for attempt in AsyncRetrying(
            stop=stop_after_delay(patience), wait=_BACKOFF, retry=_MAY_PASS, reraise=True
        ):
            with attempt:
                return await request()
    except (discord.HTTPException, aiohttp.ClientError, OSError, RuntimeError) as error:
        # A RuntimeError says that the library's session is closed: a new login is under way, or the process ends.
        raise _translated(error) from error
    raise AssertionError("a retried request returns or raises")


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, discord.HTTPException):
        if error.code == NO_FIRST_POST_YET:
            # A forum's post is told of a moment before it can be answered.
            return True
        return error.status >= 500 or (error.status == 429 and error.code != TOO_MANY_EDITS_OF_OLD)
    # TimeoutError is an OSError.
    return isinstance(error, aiohttp.ClientError | OSError)


_BACKOFF = wait_random_exponential(multiplier=0.3, max=8)
_MAY_PASS = retry_if_exception(may_pass)


def told(error: Exception) -> str:
    """An error for the log: numbers only, since the text of a refused form quotes what was in it."""
    if isinstance(error, discord.HTTPException):
        return f"Discord refused it: {error.status}, error {error.code}"
    return f"Discord cannot be reached: {type(error).__name__}"


def _translated(error: Exception) -> DeliveryError:
    if not isinstance(error, discord.HTTPException):
        return DeliveryError(told(error), retryable=True)
    if error.code in (UNKNOWN_MESSAGE, TOO_MANY_EDITS_OF_OLD):
        return Gone()
    if error.code in (UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN):
        return Expired()
    if error.code == NO_REPLY_WITHOUT_HISTORY:
        return Unrepliable()
    if error.code == THREAD_ARCHIVED:
        return Archived()
    if error.code == THREAD_LOCKED:
        return Locked()
    return DeliveryError(told(error), retryable=may_pass(error))


def is_forbidden(error: DeliveryError) -> bool:
    """Whether Discord refused for want of a permission."""
    return isinstance(error, Locked) or isinstance(error.__cause__, discord.Forbidden)
