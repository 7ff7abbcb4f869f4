"""Routes that answer interactions: the callback, and the webhook of an interaction's token."""

from __future__ import annotations

import time

from tests.servers.discord import command_rules, component_rules, composing, message_rules, payloads
from tests.servers.discord.drafts import Draft
from tests.servers.discord.errors import ApiError, Form, invalid, unknown
from tests.servers.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Act, Choice, Modal
from tests.servers.discord.limits import Bucket
from tests.servers.discord.message_rules import Body
from tests.servers.discord.model import CHAT_INPUT, CONTEXT_MENU, EPHEMERAL, LOADING, Json, Message
from tests.servers.discord.rest import Answer, Api, Asked, Route

SAY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
_MESSAGE_ANSWERS = (SAY, DEFER)


async def callback(api: Api, asked: Asked) -> Answer:
    """The one answer to an interaction, within three seconds."""
    act = api.server.interactions.by_id(asked.match["interaction_id"], asked.match["token"])
    if act is None:
        raise unknown("Interaction")
    if act.answered.is_set():
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    kind = asked.body.json.get("type")
    data = asked.body.json.get("data") or {}
    if kind not in _allowed(act):
        raise invalid("type", "INTERACTION_APPLICATION_INVALID_RESPONSE_TYPE", "Not a response to this interaction")
    message = _respond(api, act, kind, Body(data, asked.body.uploads))
    act.acked_after = time.monotonic() - act.sent_at
    act.answered.set()
    api.server.changed()
    if asked.query.get("with_response", "").lower() not in ("1", "true"):
        return 204, None
    return 200, _callback_answer(api, act, kind, message)


def _allowed(act: Act) -> tuple[int, ...]:
    if act.kind == AUTOCOMPLETE:
        return (CHOICES,)
    if act.kind == COMMAND:
        return (*_MESSAGE_ANSWERS, MODAL)
    if act.kind == COMPONENT:
        return (*_MESSAGE_ANSWERS, DEFER_UPDATE, UPDATE, MODAL)
    return (*_MESSAGE_ANSWERS, DEFER_UPDATE, UPDATE) if act.source is not None else _MESSAGE_ANSWERS


def _respond(api: Api, act: Act, kind: int, body: Body) -> Message | None:
    if kind == SAY:
        act.original = _say(api, act, body)
    elif kind == DEFER:
        flags = (body.json.get("flags") or 0) & EPHEMERAL | LOADING
        act.original = _post(api, act, Draft(flags=flags, allowed={}))
    elif kind == DEFER_UPDATE:
        act.original = act.source
        return None
    elif kind == UPDATE:
        act.original = act.source
        assert act.source is not None
        message_rules.check_edit(body, act.source)
        composing.edit(api.world, act.source, body)
    elif kind == CHOICES:
        _choose(act, body.json)
    else:
        _open_modal(act, body.json)
    return act.original


def _choose(act: Act, data: Json) -> None:
    form = Form()
    choices = data.get("choices") or []
    focused = next(option for option in _options(act.data) if option.get("focused"))
    command_rules.check_choices(form, "data.choices", choices, focused["type"])
    form.check()
    act.choices = [Choice(each["name"], each["value"]) for each in choices]


def _options(data: Json) -> list[Json]:
    found: list[Json] = []
    for option in data.get("options") or []:
        found += [option, *_options(option)]
    return found


def _open_modal(act: Act, data: Json) -> None:
    form = Form()
    component_rules.check_modal(form, data)
    form.check()
    act.modal = Modal(act, data["title"], data["custom_id"], data["components"])


def _say(api: Api, act: Act, body: Body) -> Message:
    message_rules.check(body, interaction=True, prefix="data")
    return _post(api, act, composing.draft(api.world, act.channel, body))


def _post(api: Api, act: Act, draft: Draft) -> Message:
    """A message that answers an interaction: shown as a reply to the button's message or to the first answer."""
    draft.interaction = act.metadata()
    if act.original is not None:
        draft.interaction["original_response_message_id"] = act.original.id
    source = act.original or (act.source if act.kind in (COMPONENT, MODAL_SUBMIT) else None)
    if source is not None and source.ephemeral_for is None:
        draft.reply_to = source
        draft.allowed = {"parse": ["users", "roles", "everyone"]} if draft.allowed is None else draft.allowed
        draft.allowed = draft.allowed | {"replied_user": False}
    elif act.kind == COMMAND:
        draft.kind = CONTEXT_MENU if "target_id" in act.data else CHAT_INPUT
    if draft.flags & EPHEMERAL:
        draft.ephemeral_for = act.user
        for file in draft.files:
            file.ephemeral = True
    message = api.world.post(act.channel, api.world.bot, draft)
    act.replies.append(message)
    return message


def _callback_answer(api: Api, act: Act, kind: int, message: Message | None) -> Json:
    interaction: Json = {"id": act.id, "type": act.kind}
    resource: Json = {"type": kind}
    if message is not None and kind in (SAY, DEFER, UPDATE):
        interaction |= {
            "response_message_id": message.id,
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral_for is not None,
        }
        resource["message"] = _shown(api, message)
    return {"interaction": interaction, "resource": resource}


def _shown(api: Api, message: Message) -> Json:
    return payloads.message(message, api.world.bot, content=True)


# --- the token's webhook ---


def _act(api: Api, asked: Asked) -> Act:
    act = api.server.interactions.by_token(asked.match["token"])
    if act is None or asked.match["application_id"] != api.world.bot.id or not act.answered.is_set():
        raise unknown("Webhook")
    if api.server.interactions.is_over(act):
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return act


async def follow_up(api: Api, asked: Asked) -> Answer:
    """A further message; the first one after a deferral takes the place of "thinking …" and its visibility."""
    act = _act(api, asked)
    if act.original is not None and act.original.loading and not act.original.deleted:
        message_rules.check(asked.body, interaction=True)
        composing.edit(api.world, act.original, asked.body)
        return 200, _shown(api, act.original)
    message_rules.check(asked.body, interaction=True)
    return 200, _shown(api, _post(api, act, composing.draft(api.world, act.channel, asked.body)))


def _message(api: Api, asked: Asked) -> Message:
    act = _act(api, asked)
    number = asked.match["message_id"]
    if number == "@original":
        message = act.original
    else:
        known = [*act.replies, *([act.source] if act.source else [])]
        message = next((each for each in known if each.id == number), None)
    if message is None or message.deleted:
        raise unknown("Message")
    return message


async def get_reply(api: Api, asked: Asked) -> Answer:
    return 200, _shown(api, _message(api, asked))


async def edit_reply(api: Api, asked: Asked) -> Answer:
    message = _message(api, asked)
    message_rules.check_edit(asked.body, message)
    composing.edit(api.world, message, asked.body)
    return 200, _shown(api, message)


async def delete_reply(api: Api, asked: Asked) -> Answer:
    api.world.delete(_message(api, asked))
    return 204, None


_WEBHOOK = "/webhooks/{application_id}/{token}"
_REPLY = _WEBHOOK + r"/messages/{message_id:@original|\d+}"
_BUCKET = Bucket("webhook", 5, 2.0)
_TOKEN = ("token",)

ROUTES = [
    Route(
        "POST",
        "/interactions/{interaction_id}/{token}/callback",
        callback,
        Bucket("interactions.callback", 5, 2.0),
        _TOKEN,
        True,
    ),
    Route("POST", _WEBHOOK, follow_up, _BUCKET, _TOKEN, True),
    Route("GET", _REPLY, get_reply, _BUCKET, _TOKEN, True),
    Route("PATCH", _REPLY, edit_reply, _BUCKET, _TOKEN, True),
    Route("DELETE", _REPLY, delete_reply, _BUCKET, _TOKEN, True),
]
