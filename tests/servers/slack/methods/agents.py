"""agents.sessions.* and the older assistant.threads.*: what people see of an agent at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.limits import GENEROUS, TIER_3
from tests.servers.slack.methods.finding import channel_named, channel_to_post_in, thread_at
from tests.servers.slack.webapi import ApiError, Args, Method, invalid_arguments
from tests.servers.slack.world import IM, Session

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer

STATUSES = ("active", "processing", "suspended", "closed")
MISSING_STOP = "missing_agent_session_stopped_event_subscription"


def set_session_status(session: Session, status: str) -> None:
    """Give a session its status.

    Raises:
        ApiError: there is no such status.
    """
    if status not in STATUSES:
        raise ApiError("invalid_status")
    session.states.append(status)


async def set_status(server: SlackServer, args: Args) -> dict[str, Any]:
    session = _session(server, args)
    if len(args.text("title")) > 200:
        raise ApiError("title_too_long")
    session.title = session.title or args.text("title")
    set_session_status(session, args.need("status"))
    if "agent_session_stopped" not in server.events:
        args.warnings.append(MISSING_STOP)
    return {"status": session.status, "agent_status": session.status, "title": session.title}


async def rename(server: SlackServer, args: Args) -> dict[str, Any]:
    _session(server, args).title = args.need("title")
    return {"title": args.text("title")}


async def set_loading(server: SlackServer, args: Args) -> dict[str, Any]:
    session = _session(server, args)
    if "status" not in args:
        raise invalid_arguments("missing required field: status")
    session.loading.append(args.text("status"))
    return {}


async def set_title(server: SlackServer, args: Args) -> dict[str, Any]:
    _session(server, args).title = args.need("title")
    return {}


async def set_suggested_prompts(server: SlackServer, args: Args) -> dict[str, Any]:
    if not server.world.is_agent:
        raise ApiError("not_allowed")
    channel = channel_named(server, args.need("channel_id"))
    if channel.kind != IM:
        raise ApiError("invalid_channel")
    prompts = args.json("prompts", "invalid_prompts")
    whole = isinstance(prompts, list) and all(prompt.get("title") and prompt.get("message") for prompt in prompts)
    if not whole or not 1 <= len(prompts) <= 4:
        raise invalid_arguments("prompts must hold 1 to 4 items with title and message")
    if "thread_ts" in args:
        thread_at(server, channel, args.text("thread_ts"))
    channel.suggested_prompts = prompts
    return {}


def _session(server: SlackServer, args: Args) -> Session:
    """The session of the thread that a request names, made when there is none."""
    if not server.world.is_agent:
        raise ApiError("not_allowed")
    channel = channel_to_post_in(server, Args({"channel": args.need("channel_id")}))
    return server.world.session(channel, thread_at(server, channel, args.need("thread_ts")))


METHODS = {
    "agents.sessions.setStatus": Method(set_status, ("chat:write",), TIER_3),
    "agents.sessions.rename": Method(rename, ("chat:write",), TIER_3),
    "assistant.threads.setStatus": Method(set_loading, ("assistant:write", "chat:write"), GENEROUS),
    "assistant.threads.setTitle": Method(set_title, ("assistant:write",), TIER_3),
    "assistant.threads.setSuggestedPrompts": Method(set_suggested_prompts, ("assistant:write",), TIER_3),
}
