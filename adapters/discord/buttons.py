"""The buttons under an answer and the form behind 👎 and Suggest.

Nothing is stored in them but what they do: which answer they are about is known by the message under which they stand.
So they work on messages of any age, and after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Self

import discord

from adapters.discord.lines import say
from adapters.discord.translating import ref_of
from bot.domain.messages import Control, MessageRef

Interaction = discord.Interaction[discord.Client]

# Characters that a person may write in a field of a form, Discord's most.
FIELD_LIMIT = 4000


class Act(StrEnum):
    """What can be pressed."""

    GOOD = "good"
    BAD = "bad"
    REGENERATE = "regenerate"
    CONTINUE = "continue"
    SUGGEST = "suggest"
    STOP = "stop"


_EMOJI = {Act.GOOD: "👍", Act.BAD: "👎"}
_OF_CONTROL = {
    Control.RATE: (Act.GOOD, Act.BAD),
    Control.REGENERATE: (Act.REGENERATE,),
    Control.CONTINUE: (Act.CONTINUE,),
    Control.SUGGEST: (Act.SUGGEST,),
}


def acts_of(controls: Iterable[Control]) -> tuple[Act, ...]:
    """The buttons for what can be pressed, in the order in which they stand."""
    wanted = {act for control in controls for act in _OF_CONTROL[control]}
    return tuple(act for act in Act if act in wanted)


class ActButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=f"inkling:(?P<act>{'|'.join(Act)})"
):
    """One button. A press is dispatched as the client's event `press`."""

    def __init__(self, act: Act, locale: str = "en") -> None:
        label = None if act in _EMOJI else say(f"button.{act}", locale)
        super().__init__(discord.ui.Button(label=label, emoji=_EMOJI.get(act), custom_id=f"inkling:{act}"))
        self.act = act

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """The button that was pressed."""
        return cls(Act(match["act"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press on."""
        interaction.client.dispatch("press", self.act, interaction)


def view_of(acts: Iterable[Act], locale: str) -> discord.ui.View | None:
    """The row of buttons; None when there are none, which removes those that stood there."""
    view = discord.ui.View(timeout=None)
    for act in acts:
        view.add_item(ActButton(act, locale))
    return view if view.children else None


_FORM = re.compile(r"inkling:form:(?P<kind>bad|suggest):(?P<channel>\d+):(?P<message>\d+)")


def form_of(kind: Act, message: MessageRef, locale: str) -> discord.ui.Modal:
    """The form: a better answer, and after 👎 also why. It is read by its id, so it may outlive this process."""
    form = discord.ui.Modal(
        title=say(f"form.title_{kind}", locale),
        custom_id=f"inkling:form:{kind}:{message.channel}:{message.message}",
        timeout=3600,
    )
    fields = ("reason", "better") if kind is Act.BAD else ("better",)
    for field in fields:
        writing: discord.ui.TextInput[discord.ui.View] = discord.ui.TextInput(
            custom_id=field,
            style=discord.TextStyle.paragraph,
            required=kind is Act.SUGGEST,
            max_length=FIELD_LIMIT,
        )
        form.add_item(discord.ui.Label(text=say(f"form.{field}", locale), component=writing))
    return form


def form_filled(interaction: Interaction) -> tuple[MessageRef, dict[str, str]] | None:
    """Which answer a form is about and what was written in its fields; None for a form that is not ours."""
    data: Any = interaction.data
    match = _FORM.fullmatch(data["custom_id"])
    if match is None:
        return None
    fields = {field["custom_id"]: field["value"].strip() for field in _fields(data["components"])}
    return ref_of(int(match["channel"]), int(match["message"])), fields


def _fields(components: Iterable[Any]) -> Iterable[Any]:
    for component in components:
        if "custom_id" in component:
            yield component
        yield from _fields([*component.get("components", ()), *filter(None, [component.get("component")])])
