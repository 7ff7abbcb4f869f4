"""views.*: modals, each behind a trigger that lasts three seconds, and the app's home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.slack.blocks import VIEW_BLOCKS, Check, InvalidBlocks, checked
from tests.servers.slack.limits import TIER_4
from tests.servers.slack.methods.finding import user_named
from tests.servers.slack.modals import Modal
from tests.servers.slack.webapi import ApiError, Args, Method, invalid_arguments

if TYPE_CHECKING:
    from tests.servers.slack.server import SlackServer


def checked_view(server: SlackServer, view: Any, surface: str = "modal") -> dict[str, Any]:
    """A view that Slack would show, its blocks with ids.

    Raises:
        ApiError: it would refuse it.
    """
    if not isinstance(view, dict) or view.get("type") != surface:
        raise invalid_arguments(f"unsupported type, must be {surface} [json-pointer:/view/type]")
    check = Check()
    check.optional(view.get("private_metadata"), 3000, "/view/private_metadata")
    check.optional(view.get("callback_id"), 255, "/view/callback_id")
    if surface == "modal":
        check.text(view.get("title"), 24, "/view/title", plain=True)
        for name in ("submit", "close"):
            if name in view:
                check.text(view[name], 24, f"/view/{name}", plain=True)
        has_input = any(block.get("type") == "input" for block in view.get("blocks", ()))
        check.must(not has_input or "submit" in view, "missing required field: submit", "/view/submit")
    check.must(len(view.get("blocks", ())) <= VIEW_BLOCKS, f"no more than {VIEW_BLOCKS} items", "/view/blocks")
    if check.messages:
        raise ApiError("invalid_arguments", response_metadata={"messages": check.messages})
    try:
        blocks = checked(view.get("blocks"), lambda: server.world.new_id("b"), surface=surface)
    except InvalidBlocks as error:
        raise ApiError("invalid_arguments", response_metadata={"messages": error.messages}) from error
    return {**view, "blocks": blocks}


async def open_(server: SlackServer, args: Args) -> dict[str, Any]:
    act = server.triggers.exchange(args.need("trigger_id"))
    modal = Modal(server.world, checked_view(server, args.json("view", "invalid_view")), act.user)
    server.modals[modal.id] = modal
    act.modal = modal
    return {"view": modal.view()}


async def push(server: SlackServer, args: Args) -> dict[str, Any]:
    act = server.triggers.exchange(args.need("trigger_id"))
    if act.modal is None:
        raise ApiError("not_found")
    modal = Modal(server.world, checked_view(server, args.json("view", "invalid_view")), act.user, previous=act.modal)
    server.modals[modal.id] = modal
    act.modal = modal
    return {"view": modal.view()}


async def update(server: SlackServer, args: Args) -> dict[str, Any]:
    by_name = {modal.external_id: modal for modal in server.modals.values() if modal.external_id}
    modal = server.modals.get(args.text("view_id")) or by_name.get(args.text("external_id"))
    if modal is None or not modal.is_open:
        raise ApiError("not_found")
    if "hash" in args and args.text("hash") != modal.hash:
        raise ApiError("hash_conflict")
    modal.show(checked_view(server, args.json("view", "invalid_view")))
    return {"view": modal.view()}


async def publish(server: SlackServer, args: Args) -> dict[str, Any]:
    user = user_named(server, args.need("user_id"))
    view = checked_view(server, args.json("view", "invalid_view"), "home")
    server.world.home_views[user.id] = view
    return {"view": view}


METHODS = {
    "views.open": Method(open_, (), TIER_4),
    "views.push": Method(push, (), TIER_4),
    "views.update": Method(update, (), TIER_4),
    "views.publish": Method(publish, (), TIER_4),
}
