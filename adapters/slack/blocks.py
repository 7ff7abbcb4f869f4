"""What messages, modals and the home are made of: Block Kit (https://docs.slack.dev/reference/block-kit).

An answer's body is one Markdown block, since Slack reads standard Markdown there as it does in streams; beneath it
stand the note and what can be pressed. The values of buttons name the answer where its message has no time stamp of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from adapters.rendering import slack as mrkdwn
from adapters.slack.lines import say
from adapters.slack.words import fallback, silent
from bot.domain.commands import COMMANDS
from bot.domain.messages import Answer, Change, Control

Block = dict[str, Any]

RATE, REGENERATE, CONTINUE, SUGGEST, STOP = "rate", "regenerate", "continue", "suggest", "stop"
PICK, SHARE, USE, CHANGE = "pick", "share", "use", "change"
GOOD, BAD = "good", "bad"
FEEDBACK, BETTER, REASON = "feedback", "better", "reason"

_NOTE_LIMIT = 3000
_INPUT_LIMIT = 3000
# Pictures that can be picked from: as many as are drawn at once, and more than anybody asks for.
_MOST_PICKS = 10
_BUTTONS = {Control.REGENERATE: REGENERATE, Control.CONTINUE: CONTINUE, Control.SUGGEST: SUGGEST}


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an answer: its Markdown, the note beneath, what can be pressed, in the asker's language.

    `picks` counts the pictures to pick from, and `private` says that the message is for the asker alone. `carrier`
    names the answer in the buttons' values, for messages that cannot be found again by their time stamp.
    """

    markdown: str
    note: str = ""
    controls: frozenset[Control] = frozenset()
    picks: int = 0
    changes: tuple[Change, ...] = ()
    private: bool = False
    stop: bool = False
    locale: str = "en"
    carrier: str = ""

    def under_answer(self, answer: Answer, note: str, carrier: str = "") -> Part:
        """The last message of an answer, with everything that stands beneath it."""
        return replace(
            self,
            note=note,
            controls=answer.controls,
            picks=min(len(answer.pictures), _MOST_PICKS) if Control.PICK in answer.controls else 0,
            changes=answer.changes,
            private=answer.private,
            carrier=carrier,
        )

    @property
    def text(self) -> str:
        """What stands for the blocks in notifications."""
        return fallback(self.markdown or self.note)

    @property
    def whole_text(self) -> str:
        """Everything as mrkdwn, for when blocks are refused."""
        return "\n\n".join(mrkdwn.render(text) for text in (self.markdown, self.note) if text)

    @property
    def blocks(self) -> list[Block]:
        body = [{"type": "markdown", "text": silent(self.markdown)}] if self.markdown.strip() else []
        return [*body, *self.under]

    @property
    def under(self) -> list[Block]:
        """The note and the buttons."""
        return [*_note(self.note), *self._rating(), *self._buttons()]

    def _rating(self) -> list[Block]:
        if Control.RATE not in self.controls:
            return []
        sides = {
            f"{name}_button": {"text": _plain(self._say(value)), "value": self._value(value)}
            for name, value in (("positive", GOOD), ("negative", BAD))
        }
        return [{"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": RATE, **sides}]}]

    def _buttons(self) -> list[Block]:
        names = [name for control, name in _BUTTONS.items() if control in self.controls]
        elements = [self._button(name) for name in names]
        elements += [self._button(PICK, str(number)) for number in range(1, self.picks + 1)]
        if Control.SHARE in self.controls:
            elements.append(self._button(SHARE if self.private else USE))
        if self.changes:
            elements.append(self._menu())
        if self.stop:
            elements.append(self._button(STOP))
        return [{"type": "actions", "elements": elements}] if elements else []

    def _button(self, name: str, number: str = "") -> Block:
        return {
            "type": "button",
            # Ids are unique in a block; the value says which number it is.
            "action_id": f"{name}_{number}" if number else name,
            "text": _plain(say(f"button.{name}", self.locale, number=number)),
            "value": self._value(number or name),
        }

    def _menu(self) -> Block:
        options = [
            {"text": _plain(say(f"change.{change}", self.locale)), "value": self._value(change)}
            for change in self.changes
        ]
        placeholder = _plain(say("menu.changes", self.locale))
        return {"type": "static_select", "action_id": CHANGE, "placeholder": placeholder, "options": options}

    def _say(self, name: str) -> str:
        return say(f"button.{name}", self.locale)

    def _value(self, name: str) -> str:
        return f"{name} {self.carrier}".strip()


def modal(locale: str, metadata: str, *, reason: bool) -> Block:
    """Why an answer is bad (with `reason`), and what it should have been."""
    better = _input(BETTER, say("modal.better", locale), optional=reason, hint=say("modal.better_hint", locale))
    return {
        "type": "modal",
        "callback_id": FEEDBACK,
        "private_metadata": metadata,
        "title": _plain(say("modal.title", locale)),
        "submit": _plain(say("modal.submit", locale)),
        "close": _plain(say("modal.close", locale)),
        "blocks": [_input(REASON, say("modal.reason", locale), optional=True), better] if reason else [better],
    }


def home(locale: str, name: str) -> Block:
    """The app's home: what it is and which commands there are."""
    rows = "\n".join(f"`/{command.name}`  {mrkdwn.render(command.help.in_locale(locale))}" for command in COMMANDS)
    sections = [
        say("home.intro", locale, name=name),
        f"*{say('home.commands', locale)}*\n{rows}",
        say("home.rating", locale),
    ]
    return {
        "type": "home",
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections],
    }


def prompts(locale: str) -> list[dict[str, str]]:
    """What an empty agent conversation suggests to write."""
    return [
        {"title": say(f"prompt.{name}.title", locale), "message": say(f"prompt.{name}", locale)}
        for name in ("email", "idea", "help")
    ]


def _note(note: str) -> list[Block]:
    if not note:
        return []
    text = mrkdwn.messages(note, _NOTE_LIMIT)[0]
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}]


def _input(name: str, label: str, *, optional: bool, hint: str = "") -> Block:
    element = {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": _INPUT_LIMIT}
    block = {"type": "input", "block_id": name, "label": _plain(label), "element": element, "optional": optional}
    return block | ({"hint": _plain(hint)} if hint else {})


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
