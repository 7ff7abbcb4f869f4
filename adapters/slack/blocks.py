"""What messages, modals and the home are made of: Block Kit (https://docs.slack.dev/reference/block-kit).

An answer's body is one Markdown block, since Slack reads standard Markdown there as it does in streams; beneath it
stand the note and what can be pressed. The values of buttons name the answer where its message has no time stamp of
its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.rendering import slack as mrkdwn
from adapters.slack.lines import say
from adapters.slack.words import fallback, silent
from bot.domain.commands import COMMANDS
from bot.domain.messages import Control

Block = dict[str, Any]

RATE, REGENERATE, CONTINUE, SUGGEST, STOP = "rate", "regenerate", "continue", "suggest", "stop"
GOOD, BAD = "good", "bad"
FEEDBACK, BETTER, REASON = "feedback", "better", "reason"

_NOTE_LIMIT = 3000
_INPUT_LIMIT = 3000
_BUTTONS = {Control.REGENERATE: REGENERATE, Control.CONTINUE: CONTINUE, Control.SUGGEST: SUGGEST}


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an answer: its Markdown, the note beneath, what can be pressed, in the asker's language.

    `carrier` names the answer in the buttons' values, for messages that cannot be found again by their time stamp.
    """

    markdown: str
    note: str = ""
    controls: frozenset[Control] = frozenset()
    stop: bool = False
    locale: str = "en"
    carrier: str = ""

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
        names = [name for control, name in _BUTTONS.items() if control in self.controls] + [STOP] * self.stop
        buttons = [
            {
                "type": "button",
                "action_id": name,
                "text": _plain(self._say(name)),
                "value": self._value(name),
            }
            for name in names
        ]
        return [{"type": "actions", "elements": buttons}] if buttons else []

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
