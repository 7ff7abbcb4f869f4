"""Answers on their way to the windows."""

from __future__ import annotations

from dataclasses import replace

from adapters.web.files import Files
from adapters.web.hub import Event, Hub
from adapters.web.shapes import turn_shapes, votes_shape
from bot.chat.reading import Reading, TurnView
from bot.domain.conversation import TurnStatus
from bot.domain.messages import Answer
from bot.ports import ReplyTarget

# The command whose effects reach turns that are on the screen already.
_ERASING = "privacy"


class WebReply:
    """One answer, shown in every window that looks at its place (a private one in the asker's only).

    Nothing goes into the log of sends: the page shows what the storage holds, under our own turn ids, so showing a turn
    twice is showing it once.
    """

    def __init__(self, target: ReplyTarget, hub: Hub, files: Files, reading: Reading) -> None:
        self._target = target
        self._hub = hub
        self._files = files
        self._reading = reading
        self._live = hub.begin(target.turn.id)

    async def waiting(self, position: int) -> None:
        """Show the place in line."""
        self._live.position = position
        self._tell({"type": "waiting", "position": position})

    async def show(self, text: str, note: str = "", preview: bytes | None = None) -> None:
        """Show the blocks that changed, and where the picture is as it looks so far."""
        patch = await self._live.write(text, note)
        if preview is not None:
            self._live.look(preview)
        event = {"type": "show", "start": patch.start, "blocks": patch.blocks, "note": note}
        self._tell(event | {"preview": self._live.preview_address(self._target.turn.id)})

    async def finish(self, answer: Answer) -> None:
        """Show the last state, the same as after a reload."""
        target = self._target
        view = await self._reading.view(target.turn.id, target.asker)
        if view is None or view.turn.status.is_open:
            # The storage does not have it (yet): what the core says is shown.
            view = _as_told(target, answer)
        (shape,) = await turn_shapes([view], self._files)
        self._hub.end(target.turn.id)
        self._tell({"type": "turn", "turn": shape})
        if target.turn.origin == _ERASING:
            self._hub.tell_all({"type": "resync"})
        source = await self._reading.view(target.turn.revises, target.asker) if target.turn.revises else None
        if source is not None:
            # A draft that is used counts as liked.
            self._tell(votes_shape(source))

    def _tell(self, event: Event) -> None:
        target = self._target
        only = target.asker.key if target.private else None
        self._hub.tell(target.place, {"id": target.turn.id} | event, only=only)


def _as_told(target: ReplyTarget, answer: Answer) -> TurnView:
    turn = replace(target.turn, status=TurnStatus.FAILED, text=answer.text, note=answer.note, pictures=answer.pictures)
    return TurnView(turn, 0, 0, None, suggested=False, controls=answer.controls, changes=answer.changes)
