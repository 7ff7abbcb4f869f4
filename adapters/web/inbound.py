"""What people do on the page: acts posted as JSON, translated for the core, acknowledged once they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiohttp import web
from pydantic import ValidationError

from adapters.web.acts import (
    ACTS,
    Act,
    Again,
    Call,
    File,
    MakeChannel,
    OpenThread,
    Pick,
    Rate,
    Revise,
    Send,
    Stop,
    Suggest,
    Where,
)
from adapters.web.channels import Channels
from adapters.web.files import UPLOAD_LIMIT, Files
from adapters.web.hub import Hub
from adapters.web.lines import LINES
from adapters.web.shapes import Shape, place_shape, turn_shapes, votes_shape
from bot.chat.addressing import clean
from bot.chat.dispatch import Core
from bot.chat.faults import sentence
from bot.chat.intake import Accepted
from bot.domain.messages import (
    Ask,
    Attachment,
    CommandCall,
    ContinueReply,
    IncomingMessage,
    MessageRef,
    PickPicture,
    RateReply,
    RegenerateReply,
    ReviseReply,
    ShareReply,
    StopReply,
    SuggestAnswer,
    ThreadOpened,
)
from bot.domain.places import Person, Platform
from bot.domain.ratings import RatingSource
from bot.errors import PersonError, StorageError
from bot.ports import Clock

log = structlog.get_logger(__name__)

_AGAIN: Mapping[str, type[RegenerateReply | ContinueReply | ShareReply]] = {
    "regenerate": RegenerateReply,
    "continue": ContinueReply,
    "share": ShareReply,
}


class Inbound:
    """The door for acts and uploads."""

    def __init__(self, core: Core, hub: Hub, files: Files, channels: Channels, clock: Clock) -> None:
        self._core = core
        self._hub = hub
        self._files = files
        self._channels = channels
        self._clock = clock
        self.listening = True

    def routes(self) -> list[web.RouteDef]:
        """What is served here."""
        return [web.post("/api/acts", self.act), web.post("/api/uploads", self.upload)]

    async def act(self, request: web.Request) -> web.Response:
        """One act. 200 only when it is stored; 503 asks to try again later, with the same event id."""
        locale = _locale(request)
        if not self.listening:
            return _refusal(503, LINES["error.stopping"].in_locale(locale))
        try:
            act = ACTS.validate_json(await request.read())
        except web.HTTPRequestEntityTooLarge as error:
            return _refusal(413, LINES["error.bad_request"].in_locale(locale).format(reason=error.text))
        except ValidationError as error:
            return _refusal(400, LINES["error.bad_request"].in_locale(locale).format(reason=_first(error)))
        locale = act.by.locale
        try:
            return web.json_response(await self._do(act))
        except _Missing as missing:
            return _refusal(404, LINES[str(missing)].in_locale(locale))
        except PersonError as error:
            return _refusal(422, _sentence(error, locale))
        except StorageError as error:
            log.error("act not kept", act=act.act, error=str(error))
            return _refusal(503, sentence(error, locale))

    async def upload(self, request: web.Request) -> web.Response:
        """Store one file, sent as the body; its name is in the query."""
        locale, name = _locale(request), request.query.get("name", "")[:255]
        try:
            data = await request.read()
            if not data:
                return _refusal(422, _line("error.upload_empty", locale, name=name))
            kept = await self._files.keep(data)
        except web.HTTPRequestEntityTooLarge:
            return _refusal(413, _line("error.upload_size", locale, name=name, limit=UPLOAD_LIMIT >> 10))
        except PersonError as error:
            return _refusal(415, _line(error.line, locale, name=name))
        except StorageError as error:
            log.error("upload not kept", error=str(error))
            return _refusal(503, sentence(error, locale))
        picture = kept.media_type.startswith("image/")
        return web.json_response({"id": kept.id, "url": f"/uploads/{kept.id}", "size": kept.size, "picture": picture})

    async def _do(self, act: Act) -> dict[str, Any]:
        match act:
            case Send() | Call() | Again() | Revise() | Pick():
                return await self._ask(await self._ask_of(act))
            case Rate():
                return await self._rate(act)
            case Suggest():
                return await self._suggest(act)
            case Stop():
                message = _ref(act.place, act.turn)
                return {"stopped": await self._core.stop(StopReply(act.place.place, act.by.person, message))}
            case OpenThread():
                return await self._open_thread(act)
            case MakeChannel():
                name = await self._channels.make(act.name)
                self._hub.tell_all({"type": "channel", "channel": name})
                return {"channel": name}

    async def _ask_of(self, act: Send | Call | Again | Revise | Pick) -> Ask:
        place, by, now = act.place.place, act.by.person, self._clock.now()
        match act:
            case Send():
                return IncomingMessage(
                    event_id=act.event_id,
                    place=place,
                    ref=_ref(act.place, act.event_id),
                    by=by,
                    text=act.text,
                    at=now,
                    mentions_bot=True,
                    reply_to=_ref(act.place, act.reply_to) if act.reply_to else None,
                    attachments=await self._attached(act.attachments),
                )
            case Call():
                files = await self._attached(act.attachments)
                return CommandCall(act.event_id, place, by, act.name, now, act.options, attachments=files)
            case Again():
                return _AGAIN[act.act](act.event_id, place, _ref(act.place, act.turn), by, now)
            case Revise():
                return ReviseReply(act.event_id, place, _ref(act.place, act.turn), by, now, act.change)
            case Pick():
                return PickPicture(act.event_id, place, _ref(act.place, act.turn), by, now, act.number)

    async def _attached(self, given: Sequence[File]) -> tuple[Attachment, ...]:
        found = [await self._files.attachment(file.id, clean(file.name) or file.id) for file in given]
        if None in found:
            raise _Missing("error.no_upload")
        return tuple(file for file in found if file is not None)

    async def _ask(self, ask: Ask) -> dict[str, Any]:
        accepted = await self._core.accept(ask)
        if accepted is None:
            return {"status": "known"}
        shapes = await self._shapes(accepted, ask.by)
        if not self._hub.is_live(accepted.answer.id):
            # It ended while it was drawn: no window may be shown an earlier state after the last one.
            shapes = await self._shapes(accepted, ask.by)
        only = ask.by.key if accepted.answer.private else None
        event = {"type": "turns", "event_id": ask.event_id, "turns": self._hub.with_live(shapes)}
        self._hub.tell(accepted.place, event, only=only)
        self._tell_of(accepted, ask.by, only)
        return {"status": "accepted", "question": accepted.question.id, "answer": accepted.answer.id}

    async def _open_thread(self, act: OpenThread) -> dict[str, Any]:
        # A thread is opened once, whoever looks into it again.
        by = act.by.person
        opened = ThreadOpened(f"opened-{act.place.thread}", act.place.place, by, self._clock.now())
        greeted = await self._core.greet(opened)
        if greeted is not None:
            self._tell_of(greeted, by, None)
        return {"greeted": greeted is not None}

    def _tell_of(self, accepted: Accepted, by: Person, only: str | None) -> None:
        """Tell the windows that look elsewhere."""
        activity = {"type": "activity", "place": place_shape(accepted.place), "latest": accepted.answer.id}
        self._hub.tell_all(activity | {"author": by.key}, only=only)

    async def _shapes(self, accepted: Accepted, viewer: Person) -> list[Shape]:
        """The question and the answer; a private question stays out of what all are shown."""
        turns = [turn for turn in (accepted.question, accepted.answer) if accepted.answer.private or not turn.private]
        views = [await self._core.reading.view(turn.id, viewer) for turn in turns]
        return await turn_shapes([view for view in views if view is not None], self._files)

    async def _rate(self, act: Rate) -> dict[str, Any]:
        by = act.by.person
        vote = RateReply(_ref(act.place, act.turn), by, act.verdict, RatingSource.BUTTON, self._clock.now())
        kept = await self._core.rate(vote)
        view = await self._core.reading.view(act.turn, by)
        if view is None or not (kept or act.verdict is None):
            raise _Missing("error.no_answer")
        votes = votes_shape(view)
        self._hub.tell(act.place.place, votes)
        self._hub.tell(act.place.place, votes | {"own": view.own}, only=by.key)
        return {"good": view.good, "bad": view.bad, "own": view.own}

    async def _suggest(self, act: Suggest) -> dict[str, Any]:
        kept = await self._core.suggest(
            SuggestAnswer(_ref(act.place, act.turn), act.by.person, act.text, self._clock.now())
        )
        if not kept:
            raise _Missing("error.no_answer")
        self._hub.tell(act.place.place, {"type": "suggested", "id": act.turn})
        return {"suggested": True}


class _Missing(Exception):
    """What the act is about is not there; the text is the key of the line that says so."""


def _ref(where: Where, turn_id: str) -> MessageRef:
    return MessageRef(Platform.WEB, where.channel, turn_id)


def _line(key: str, locale: str, **values: object) -> str:
    return LINES[key].in_locale(locale).format(**values)


def _sentence(error: PersonError, locale: str) -> str:
    return _line(error.line, locale, **error.values) if error.line in LINES else sentence(error, locale)


def _locale(request: web.Request) -> str:
    return request.headers.get("Accept-Language", "en").split(",")[0].split(";")[0]


def _first(error: ValidationError) -> str:
    """What is wrong and where, without the values: those are people's words."""
    problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(step) for step in problem["loc"])
    return f"{where}: {problem['msg']}" if where else problem["msg"]


def _refusal(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
