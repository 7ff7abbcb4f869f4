"""Errors of slack_sdk and aiohttp become ours here.

DeliveryError
├── SlackRefused    Slack answered no; `code` is its word for why
└── Unsure          no answer came, or a 5xx: it may have been done or not
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import DeliveryError

_RETRYABLE = {"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org", "org_login_required"}
_UNSURE = {"internal_error", "fatal_error", "request_timeout"}

BAD_BLOCKS = {"invalid_blocks", "msg_blocks_too_long", "msg_too_long"}
"""Slack's words for a message whose blocks it does not take."""

_NOT_HERE = {"not_in_channel", "channel_not_found", "is_archived", "user_not_in_channel"}

_MEANING: Mapping[str, str] = {
    "not_in_channel": "the bot is not a member of this channel; invite it there with /invite",
    "channel_not_found": "there is no such channel, or the bot may not see it; invite it there with /invite",
    "is_archived": "the channel is archived",
    "thread_not_found": "the thread is gone",
    "missing_scope": "the app lacks a scope; reinstall it with the manifest of `make connect-slack`",
}


class SlackRefused(DeliveryError):
    """Slack answered no. `code` is its word for why (https://docs.slack.dev/reference/methods)."""

    def __init__(self, method: str, code: str, needed: str = "") -> None:
        self.code = code
        meaning = _MEANING.get(code, "")
        detail = f" ({needed})" if needed else ""
        super().__init__(
            f"{method}: {code}{detail}" + (f": {meaning}" if meaning else ""), retryable=code in _RETRYABLE
        )

    @property
    def is_not_here(self) -> bool:
        """Whether the channel cannot be posted in: it is closed to the bot, archived, or for some people only."""
        return self.code in _NOT_HERE or self.code.startswith("restricted_action")


class Unsure(DeliveryError):
    """No answer came, or Slack broke down over it: it may have been done or not.

    `may_follow`: it may even be done later, for the request is on its way and nobody told its end.
    """

    def __init__(self, method: str, reason: str, *, may_follow: bool = False) -> None:
        self.may_follow = may_follow
        super().__init__(f"{method}: no answer ({reason})", retryable=True)


@contextmanager
def as_ours(method: str) -> Iterator[None]:
    """Raise SlackRefused or Unsure in place of the libraries' errors."""
    try:
        yield
    except SlackApiError as error:
        raise _refused(method, error) from error
    except (aiohttp.ClientError, TimeoutError, SlackClientError, OSError) as error:
        may_follow = not isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        raise Unsure(method, type(error).__name__, may_follow=may_follow) from error


def _refused(method: str, error: SlackApiError) -> DeliveryError:
    response = error.response
    if not isinstance(response, AsyncSlackResponse) or response.status_code >= 500:
        return Unsure(method, "server error")
    code = str(response.get("error") or response.status_code)
    if code in _UNSURE:
        return Unsure(method, code)
    return SlackRefused(method, code, str(response.get("needed") or ""))
