"""Who the app is on Slack: the two tokens checked before anything listens, each fault with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import SlackRefused, as_ours
from adapters.slack.features import APP_SCOPE, SCOPES
from bot.errors import DeliveryError, SettingsError
from bot.settings import SlackSettings

_WHERE_BOT = "copy the bot token (xoxb-…) from “OAuth & Permissions” of your app at api.slack.com/apps"
_WHERE_APP = "make an app-level token (xapp-…) with connections:write under “Basic Information” of your app"
_REMEDY = "Run `make connect-slack` to see every step."


@dataclass(frozen=True, slots=True)
class Me:
    """The app in its workspace. `scopes` are those granted; None where the server does not tell."""

    team: str
    team_name: str
    user: str
    bot: str
    name: str
    url: str
    scopes: frozenset[str] | None

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """What the features need and was not granted."""
        return tuple(scope for scope in SCOPES if self.scopes is not None and scope not in self.scopes)


def check_kinds(settings: SlackSettings) -> None:
    """Whether each token is of the kind that its variable wants, as far as its first letters tell.

    Raises:
        SettingsError: one is not.
    """
    bot, app = settings.bot_token, settings.app_token
    if not bot.startswith("xoxb-"):
        fault = f"holds {_kind(bot, 'bot token')}" if bot else "is missing"
        raise SettingsError(f"SLACK_BOT_TOKEN {fault}; {_WHERE_BOT}. {_REMEDY}")
    if app and not app.startswith("xapp-"):
        raise SettingsError(f"SLACK_APP_TOKEN holds {_kind(app, 'app-level token')}; {_WHERE_APP}. {_REMEDY}")
    if not app and not settings.signing_secret:
        raise SettingsError(
            "SLACK_APP_TOKEN is missing: set it to listen by Socket Mode, or SLACK_SIGNING_SECRET to listen by HTTP. "
            + _REMEDY
        )


async def sign_in(client: AsyncWebClient) -> Me:
    """Ask Slack who we are.

    Raises:
        SettingsError: the bot token is refused or of a kind that we have no use for, or Slack cannot be reached.
    """
    try:
        with as_ours("auth.test"):
            told = await client.auth_test()
    except SlackRefused as error:
        raise SettingsError(f"Slack refuses SLACK_BOT_TOKEN ({error.code}): {_WHERE_BOT}. {_REMEDY}") from error
    except DeliveryError as error:
        raise SettingsError(_unreachable(client, error)) from error
    if not told.get("bot_id"):
        raise SettingsError(f"SLACK_BOT_TOKEN is not a bot's token: {_WHERE_BOT}. {_REMEDY}")
    if told.get("is_enterprise_install"):
        raise SettingsError(
            "SLACK_BOT_TOKEN belongs to an installation for a whole organisation: install the app in one workspace, "
            f"and {_WHERE_BOT}. {_REMEDY}"
        )
    return Me(
        team=str(told["team_id"]),
        team_name=str(told.get("team", "")),
        user=str(told["user_id"]),
        bot=str(told["bot_id"]),
        name=str(told.get("user", "")),
        url=str(told.get("url", "")),
        scopes=_granted(told.headers),
    )


def check_scopes(me: Me) -> None:
    """Whether everything that the features need was granted.

    Raises:
        SettingsError: something is missing; the text names it.
    """
    if me.missing_scopes:
        raise SettingsError(
            f"SLACK_BOT_TOKEN lacks the scopes {', '.join(me.missing_scopes)}: add them under “OAuth & Permissions” of "
            f"your app (or paste the manifest of `make connect-slack`), then reinstall the app."
        )


async def open_socket(client: AsyncWebClient, app_token: str) -> str:
    """The address of a socket for events.

    Raises:
        SettingsError: the app token is refused, or Slack cannot be reached.
    """
    try:
        with as_ours("apps.connections.open"):
            return str((await client.apps_connections_open(app_token=app_token))["url"])
    except SlackRefused as error:
        if error.code == "missing_scope":
            raise SettingsError(f"SLACK_APP_TOKEN lacks the scope {APP_SCOPE}: {_WHERE_APP}. {_REMEDY}") from error
        if error.code == "socket_mode_not_enabled":
            raise SettingsError(
                "SLACK_APP_TOKEN is set, but Socket Mode is off: turn it on under “Socket Mode” of your app, or remove "
                "the token to listen by HTTP."
            ) from error
        raise SettingsError(f"Slack refuses SLACK_APP_TOKEN ({error.code}): {_WHERE_APP}. {_REMEDY}") from error
    except DeliveryError as error:
        raise SettingsError(_unreachable(client, error)) from error


def _kind(token: str, wanted: str) -> str:
    """What a token is that should be another, in words that hold nothing of it."""
    kinds = {
        "xoxb-": "a bot token",
        "xapp-": "an app-level token",
        "xoxp-": "a user token",
        "xoxe": "a configuration token",
    }
    return next((words for start, words in kinds.items() if token.startswith(start)), f"something that is no {wanted}")


def _unreachable(client: AsyncWebClient, error: DeliveryError) -> str:
    return f"Slack cannot be reached at {client.base_url} ({error}): check the network, or SLACK_API_URL if you set it."


def _granted(headers: Mapping[str, str]) -> frozenset[str] | None:
    told = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    return None if told is None else frozenset(scope.strip() for scope in told.split(",") if scope.strip())
