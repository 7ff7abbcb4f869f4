"""What people do with the app beside talking: commands, buttons, shortcuts, modals; triggers and response URLs.

Each is handed to the app once and has to be acknowledged in three seconds, or the user sees that it failed.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack.blocks import InvalidBlocks
from tests.servers.slack.delivering import NotAcked
from tests.servers.slack.methods.views import checked_view
from tests.servers.slack.modals import Modal
from tests.servers.slack.text import as_delivered
from tests.servers.slack.views_of import message_view
from tests.servers.slack.webapi import ApiError, Args, message_blocks
from tests.servers.slack.world import IM, Button, Channel, Message, Seen

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer
    from tests.servers.slack.users import User

MODAL_GRACE_S = 0.25


@dataclass(eq=False)
class Act:
    """Something a person did with the app, and what came of it.

    `acked_after` in seconds, None when it failed; `failed` is what the person is told then. `replies` are the messages
    sent through its acknowledgement and response URL, and later ephemeral ones there; `modal` is the modal it opened,
    `errors` are those of a submitted one.
    """

    user: User
    payload: dict[str, Any] = field(default_factory=dict)
    channel: Channel | None = None
    message: Message | None = None
    thread_ts: str | None = None
    acked_after: float | None = None
    failed: str | None = None
    response: dict[str, Any] = field(default_factory=dict)
    replies: list[Message] = field(default_factory=list)
    modal: Modal | None = None
    errors: dict[str, str] = field(default_factory=dict)


Call = Act


class Triggers:
    """trigger_ids: good for one view within three seconds."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self._issued: dict[str, tuple[float, Act]] = {}
        self._exchanged: set[str] = set()

    def issue(self, act: Act) -> str:
        trigger = f"{self._server.world.new_id('')}.{self._server.team.id}.trigger"
        self._issued[trigger] = (time.monotonic(), act)
        return trigger

    def exchange(self, trigger: str) -> Act:
        """What the trigger was given for.

        Raises:
            ApiError: it is unknown, used or too old.
        """
        if trigger not in self._issued:
            raise ApiError("invalid_trigger_id")
        issued, act = self._issued[trigger]
        if trigger in self._exchanged:
            raise ApiError("exchanged_trigger_id")
        if time.monotonic() - issued > self._server.rules.trigger_lifetime_s:
            raise ApiError("expired_trigger_id")
        self._exchanged.add(trigger)
        return act


class ResponseUrls:
    """URLs that an act may be answered through: five times in thirty minutes."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self._issued: dict[str, tuple[float, Act]] = {}
        self._used: dict[str, int] = {}

    def issue(self, act: Act, kind: str) -> str:
        path = f"/{kind}/{self._server.team.id}/{self._server.world.new_id('')}/secret"
        self._issued[path] = (time.monotonic(), act)
        return f"{self._server.url}{path}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        try:
            given = json.loads(body or "{}")
        except ValueError:
            given = {}
        refusal = self._server.faults.refusal(request.path)
        if refusal is not None:
            status, error = refusal.status, refusal.error or ""
        else:
            status, error = self._take(request.path, given)
        self._server.world.requests.append(
            Seen(request.method, request.path, status, given, time.monotonic(), error or None)
        )
        self._server.changed()
        if status == 429:
            return web.Response(status=429, headers={"Retry-After": "1"}, text="rate_limited")
        return web.json_response({"ok": False, "error": error}, status=status) if error else web.Response(text="ok")

    def _take(self, path: str, given: dict[str, Any]) -> tuple[int, str]:
        if path not in self._issued:
            return 404, "no_active_hooks"
        issued, act = self._issued[path]
        if time.monotonic() - issued > self._server.rules.response_url_lifetime_s:
            return 404, "expired_url"
        if self._used.get(path, 0) >= self._server.rules.response_url_uses:
            return 404, "used_url"
        self._used[path] = self._used.get(path, 0) + 1
        try:
            answer(self._server, act, given)
        except (ApiError, InvalidBlocks) as error:
            return 400, error.error if isinstance(error, ApiError) else "invalid_blocks"
        return 200, ""


def answer(server: SlackServer, act: Act, given: dict[str, Any]) -> None:
    """Show what an acknowledgement or a response URL carries: to the person alone unless it says otherwise."""
    args = Args(given)
    if act.message is not None and args.flag("delete_original"):
        server.withdraw(act.message)
        return
    blocks = message_blocks(server, args)
    if not args.text("text") and not blocks and not given.get("attachments"):
        raise ApiError("no_text")
    if act.message is not None and args.flag("replace_original"):
        before = message_view(server.world, act.message)
        act.message.raw, act.message.blocks = args.text("text"), blocks or []
        act.message.markdown = None
        server.republish(act.message, before)
        return
    if act.channel is None:
        raise ApiError("no_channel")
    message = Message(act.channel, server.world.now_ts(), server.bot, args.text("text"), blocks=blocks or [])
    message.thread_ts = args.text("thread_ts") or (act.thread_ts if act.message else None)
    if args.text("response_type", "ephemeral") == "in_channel":
        server.publish(message)
    else:
        message.ephemeral_for = act.user
        server.show_to(act.user, message)
    act.replies.append(message)


class Interactions:
    """Hands acts to the app and takes what it answers."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self._latest: dict[tuple[User, Channel | None], Act] = {}

    def came_back(self, message: Message) -> None:
        """Count an ephemeral message as a reply to what its reader did last in the channel."""
        if message.ephemeral_for is not None and (message.ephemeral_for, message.channel) in self._latest:
            self._latest[message.ephemeral_for, message.channel].replies.append(message)

    # --- what people do ---------------------------------------------------------------------------------------------

    async def command(self, user: User, channel: Channel, name: str, text: str, thread: Message | None) -> Act:
        """A slash command, where Slack offers it."""
        server, act = self._server, Act(user, channel=channel)
        declared = server.world.commands
        if declared is not None and f"/{name}" not in declared:
            act.failed = f"/{name} is not a valid command"
        elif thread is not None or (channel.kind == IM and server.world.is_agent):
            act.failed = f"/{name} is not supported in threads. Sorry!"
        elif "commands" not in server.scopes:
            act.failed = f"/{name} is not a valid command"
        if act.failed:
            return act
        escapes = bool((declared or {}).get(f"/{name}", {}).get("should_escape"))
        act.payload = {
            "token": server.world.verification_token,
            "team_id": server.team.id,
            "team_domain": server.team.domain,
            "channel_id": channel.id,
            "channel_name": channel.name if channel.kind != "group" else "privategroup",
            "user_id": user.id,
            "user_name": user.name.lower(),
            "command": f"/{name}",
            "text": text if escapes else self._unescaped(text),
            "api_app_id": server.world.app_id,
            "is_enterprise_install": "false",
            "response_url": server.response_urls.issue(act, "commands"),
            "trigger_id": server.triggers.issue(act),
        }
        await self._hand_over("slash_commands", act)
        self._after_command(act)
        return act

    async def press(self, user: User, message: Message, button: Button) -> Act:
        """A press of a button, or a choice in a menu."""
        server = self._server
        act = Act(user, channel=message.channel, message=message, thread_ts=message.thread_ts)
        ephemeral = message.ephemeral_for is not None
        container: dict[str, Any] = {"type": "message", "message_ts": message.ts, "channel_id": message.channel.id}
        container["is_ephemeral"] = ephemeral
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        act.payload = {"type": "block_actions", **self._whose(user), "container": container}
        act.payload |= {"channel": _named(message.channel), "trigger_id": server.triggers.issue(act)}
        if not ephemeral:
            act.payload["message"] = message_view(server.world, message)
        act.payload |= {
            "state": {"values": {}},
            "response_url": server.response_urls.issue(act, "actions"),
            "actions": [_action(button, server.world.now_ts())],
        }
        await self._hand_over("interactive", act)
        return act

    async def shortcut(self, user: User, message: Message, name: str) -> Act:
        """A message shortcut, by its name in the manifest."""
        server = self._server
        declared = server.world.shortcuts
        known = {
            shortcut["name"]: shortcut["callback_id"] for shortcut in declared or [] if shortcut["type"] == "message"
        }
        act = Act(user, channel=message.channel, message=message, thread_ts=message.thread_ts)
        if declared is not None and name not in known:
            act.failed = f"there is no message shortcut {name!r}"
            return act
        act.payload = {
            "type": "message_action",
            **self._whose(user),
            "callback_id": known.get(name, name),
            "trigger_id": server.triggers.issue(act),
            "action_ts": server.world.now_ts(),
            "message_ts": message.ts,
            "channel": _named(message.channel),
            "message": message_view(server.world, message),
            "response_url": server.response_urls.issue(act, "app"),
        }
        await self._hand_over("interactive", act)
        return act

    async def submit(self, user: User, modal: Modal, given: dict[str, Any]) -> Act:
        """A press of a modal's submit button."""
        server, act = self._server, Act(user, modal=modal)
        view = modal.view(modal.filled(given)) | {"bot_id": server.bot.bot_id}
        act.payload = {"type": "view_submission", **self._whose(user), "trigger_id": server.triggers.issue(act)}
        act.payload |= {"view": view, "response_urls": []}
        await self._hand_over("interactive", act, opens=False)
        if act.failed is None:
            self._after_submission(act, modal)
        return act

    async def close(self, user: User, modal: Modal) -> Act:
        """A modal closed without submitting; the app is told only if it asked to be."""
        act = Act(user, modal=modal)
        modal.is_open = False
        if modal.notifies_on_close:
            view = modal.view() | {"bot_id": self._server.bot.bot_id}
            act.payload = {"type": "view_closed", **self._whose(user), "view": view, "is_cleared": False}
            await self._hand_over("interactive", act, opens=False)
        return act

    # --- how it goes ------------------------------------------------------------------------------------------------

    async def _hand_over(self, kind: str, act: Act, *, opens: bool = True) -> None:
        server = self._server
        self._latest[act.user, act.channel] = act
        try:
            acked = await server.deliveries.interaction(kind, act.payload)
        except NotAcked as failure:
            act.failed = "operation_timeout" if "timeout" in str(failure) else f"dispatch_failed: {failure}"
            server.changed()
            return
        act.acked_after, act.response = acked.after, acked.payload
        server.changed()
        if opens and act.modal is None:
            # A modal comes by a request of its own, at times a moment after the acknowledgement.
            await server.waits(lambda: act.modal is not None or bool(act.replies), MODAL_GRACE_S)

    def _after_command(self, act: Act) -> None:
        """Show what the acknowledgement of a command says; "in_channel" shows the typed command to everybody too."""
        if act.channel is not None and act.response.get("response_type") == "in_channel":
            typed = f"{act.payload['command']} {act.payload['text']}".strip()
            self._server.show(Message(act.channel, self._server.world.now_ts(), act.user, as_delivered(typed)))
        if not any(act.response.get(key) for key in ("text", "blocks", "attachments")):
            return
        try:
            answer(self._server, act, act.response)
        except (ApiError, InvalidBlocks) as error:
            act.failed = f"the acknowledgement was refused: {error}"

    def _after_submission(self, act: Act, modal: Modal) -> None:
        server = self._server
        match act.response.get("response_action"):
            case "errors":
                act.errors = modal.errors = dict(act.response["errors"])
                known = {field.block_id for field in modal.fields}
                if not set(act.errors) <= known:
                    act.failed = f"errors for blocks that are not there: {sorted(set(act.errors) - known)}"
            case "update":
                modal.show(checked_view(server, act.response["view"]))
            case "push":
                act.modal = Modal(server.world, checked_view(server, act.response["view"]), act.user, modal)
                server.modals[act.modal.id] = act.modal
            case "clear":
                closing: Modal | None = modal
                while closing is not None:
                    closing.is_open, closing = False, closing.previous
            case _:
                modal.is_open = False
        server.changed()

    def _whose(self, user: User) -> dict[str, Any]:
        world = self._server.world
        name = user.name.lower()
        return {
            "user": {"id": user.id, "username": name, "name": name, "team_id": world.team.id},
            "api_app_id": world.app_id,
            "token": world.verification_token,
            "team": {"id": world.team.id, "domain": world.team.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _unescaped(self, text: str) -> str:
        """Commands that do not ask for escaping get names in place of ids."""
        for user in self._server.world.users.values():
            text = text.replace(user.mention, f"@{user.name.lower()}")
        return text


def _named(channel: Channel) -> dict[str, str]:
    return {"id": channel.id, "name": channel.name if channel.kind != "group" else "privategroup"}


def _action(button: Button, ts: str) -> dict[str, Any]:
    action = {"type": button.kind, "action_id": button.action_id, "block_id": button.block_id, "action_ts": ts}
    if button.option is not None:
        return action | {"selected_option": button.option}
    text = {"type": "plain_text", "text": button.label, "emoji": True}
    return action | {"text": text} | ({"value": button.value} if button.value is not None else {})
