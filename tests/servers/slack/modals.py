"""A modal as its user sees it: the fields, what is filled in, and the errors shown beneath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.servers.slack.world import World

if TYPE_CHECKING:
    from tests.servers.slack.users import User


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a modal."""

    label: str
    action_id: str
    block_id: str
    element: dict[str, Any]
    optional: bool

    @property
    def kind(self) -> str:
        return str(self.element["type"])

    def is_meant_by(self, name: str) -> bool:
        return name in (self.action_id, self.block_id, self.label)


class CannotSubmit(Exception):
    """Slack's client does not let the user submit this."""


class Modal:
    """One view of a user's stack."""

    def __init__(self, world: World, shown: dict[str, Any], user: User, previous: Modal | None = None) -> None:
        self._world = world
        self.id = world.new_id("V")
        self.user = user
        self.previous = previous
        self.is_open = True
        self.errors: dict[str, str] = {}
        self.shown: dict[str, Any] = {}
        self.hash = ""
        self.show(shown)

    def show(self, view: dict[str, Any]) -> None:
        """Replace what is shown; what was wrong before no longer counts."""
        self.shown = view
        self.errors = {}
        self.hash = f"{self._world.now_ts()}.hash"

    @property
    def title(self) -> str:
        return str(self.shown["title"]["text"])

    @property
    def callback_id(self) -> str:
        return str(self.shown.get("callback_id", ""))

    @property
    def private_metadata(self) -> str:
        return str(self.shown.get("private_metadata", ""))

    @property
    def external_id(self) -> str:
        return str(self.shown.get("external_id", ""))

    @property
    def notifies_on_close(self) -> bool:
        return bool(self.shown.get("notify_on_close"))

    @property
    def fields(self) -> list[Field]:
        return [
            Field(
                block["label"]["text"],
                block["element"]["action_id"],
                block["block_id"],
                block["element"],
                bool(block.get("optional")),
            )
            for block in self.shown["blocks"]
            if block["type"] == "input"
        ]

    def view(self, values: dict[str, Any] | None = None) -> dict[str, Any]:
        """The view as payloads and answers show it."""
        world = self._world
        return {
            "id": self.id,
            "team_id": world.team.id,
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
            **self.shown,
            "state": {"values": values or {}},
            "hash": self.hash,
            "root_view_id": self.id if self.previous is None else self.previous.id,
            "previous_view_id": None if self.previous is None else self.previous.id,
            "app_id": world.app_id,
            "app_installed_team_id": world.team.id,
            "bot_id": "",
        }

    def filled(self, given: dict[str, Any]) -> dict[str, Any]:
        """The state of the fields when a user fills these in, by action_id, block_id or label.

        Raises:
            CannotSubmit: Slack's client would keep the button from working.
        """
        unknown = [name for name in given if not any(field.is_meant_by(name) for field in self.fields)]
        if unknown:
            raise CannotSubmit(f"no such field: {unknown}; there are {[field.action_id for field in self.fields]}")
        values: dict[str, Any] = {}
        for field in self.fields:
            value = next((given[name] for name in given if field.is_meant_by(name)), None)
            values.setdefault(field.block_id, {})[field.action_id] = _filled(field, value)
        return values


def _filled(field: Field, value: Any) -> dict[str, Any]:
    element = field.element
    match field.kind:
        case "plain_text_input":
            text = value if value is not None else element.get("initial_value")
            _check_text(field, text or "")
            return {"type": field.kind, "value": text or None}
        case "static_select" | "radio_buttons":
            chosen = [_option(field, value)] if value is not None else [element.get("initial_option")]
            _check_chosen(field, chosen[0])
            return {"type": field.kind, "selected_option": chosen[0]}
        case "multi_static_select" | "checkboxes":
            several = (
                [_option(field, one) for one in value] if value is not None else element.get("initial_options", [])
            )
            _check_chosen(field, several)
            return {"type": field.kind, "selected_options": several}
        case _:
            _check_chosen(field, value)
            return {"type": field.kind, "selected_user": value}


def _check_text(field: Field, text: str) -> None:
    _check_chosen(field, text)
    least, most = field.element.get("min_length", 0), field.element.get("max_length", 3000)
    if text and not least <= len(text) <= most:
        raise CannotSubmit(f"{field.label}: between {least} and {most} characters, not {len(text)}")


def _check_chosen(field: Field, value: Any) -> None:
    if not field.optional and not value:
        raise CannotSubmit(f"{field.label} is required")


def _option(field: Field, wanted: str) -> dict[str, Any]:
    for option in field.element["options"]:
        if wanted in (option["value"], option["text"]["text"]):
            return dict(option)
    raise CannotSubmit(f"{field.label}: there is no option {wanted!r}")
