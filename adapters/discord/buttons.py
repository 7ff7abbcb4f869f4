"""The buttons and the menu under an answer, and the form behind 👎 and Suggest.

Nothing is stored in them but what they do: which answer they are about is known by the message under which they stand.
So they work on messages of any age, and after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

import discord

from adapters.discord.lines import say
from adapters.discord.translating import ref_of
from bot.domain.messages import Answer, Change, Control, MessageRef

Interaction = discord.Interaction[discord.Client]

# Characters that a person may write in a field of a form, Discord's most.
FIELD_LIMIT = 4000


class Act(StrEnum):
    """What can be pressed or chosen. One that says more than its name does has a detail: a number, a change."""

    GOOD = "good"
    BAD = "bad"
    REGENERATE = "regenerate"
    CONTINUE = "continue"
    SUGGEST = "suggest"
    PICK = "pick"
    SHARE = "share"
    USE = "use"
    CHANGE = "change"
    STOP = "stop"


_EMOJI = {Act.GOOD: "👍", Act.BAD: "👎"}
_OF_CONTROL = {
    Control.RATE: (Act.GOOD, Act.BAD),
    Control.REGENERATE: (Act.REGENERATE,),
    Control.CONTINUE: (Act.CONTINUE,),
    Control.SUGGEST: (Act.SUGGEST,),
    Control.PICK: (Act.PICK,),
}

# Buttons that a row of Discord's holds.
_IN_ROW = 5
# Discord's rows count from 0; the votes stand in the first.
_PICKS_ROW = 1


@dataclass(frozen=True, slots=True)
class Pressable:
    """What can be pressed under one message: buttons (`picks` of them to pick a picture), and a menu of changes."""

    acts: tuple[Act, ...] = ()
    picks: int = 0
    changes: tuple[Change, ...] = ()


NOTHING = Pressable()
STOP = Pressable((Act.STOP,))


def pressable(answer: Answer) -> Pressable:
    """What can be pressed under an answer in its last state, in the order in which it stands there."""
    wanted = {act for control in answer.controls for act in _OF_CONTROL.get(control, ())}
    if Control.SHARE in answer.controls:
        wanted.add(Act.SHARE if answer.private else Act.USE)
    picks = min(len(answer.pictures), _IN_ROW) if Control.PICK in answer.controls else 0
    return Pressable(tuple(act for act in Act if act in wanted), picks, answer.changes)


class ActButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=f"inkling:(?P<act>{'|'.join(Act)})(?::(?P<detail>[0-9]))?",
):
    """One button. A press is dispatched as the client's event `press`."""

    def __init__(self, act: Act, locale: str = "en", *, detail: str = "", row: int | None = None) -> None:
        label = None if act in _EMOJI else say(f"button.{act}", locale, detail=detail)
        custom_id = f"inkling:{act}:{detail}" if detail else f"inkling:{act}"
        super().__init__(discord.ui.Button(label=label, emoji=_EMOJI.get(act), custom_id=custom_id), row=row)
        self.act = act
        self.detail = detail

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """The button that was pressed."""
        return cls(Act(match["act"]), detail=match["detail"] or "")

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press on."""
        interaction.client.dispatch("press", self.act, self.detail, interaction)


class ChangeMenu(discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template="inkling:changes"):
    """The menu of changes. A choice is dispatched as the client's event `press`, like a button's."""

    def __init__(self, changes: Iterable[Change], locale: str = "en") -> None:
        options = [discord.SelectOption(label=say(f"change.{change}", locale), value=change) for change in changes]
        placeholder = say("menu.changes", locale)
        super().__init__(discord.ui.Select(custom_id="inkling:changes", placeholder=placeholder, options=options))

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """The menu that something was chosen from."""
        return cls(Change)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the choice on."""
        interaction.client.dispatch("press", Act.CHANGE, self.item.values[0], interaction)


@lru_cache(maxsize=256)
def view_of(shown: Pressable, locale: str) -> discord.ui.View | None:
    """The rows of buttons and the menu; None when there are none, which removes those that stood there.

    One serves every message with the same: nothing in it is any message's own.
    """
    view = discord.ui.View(timeout=None)
    for act in shown.acts:
        if act is Act.PICK:
            for number in range(1, shown.picks + 1):
                view.add_item(ActButton(act, locale, detail=str(number), row=_PICKS_ROW))
        else:
            view.add_item(ActButton(act, locale))
    if shown.changes:
        view.add_item(ChangeMenu(shown.changes, locale))
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
