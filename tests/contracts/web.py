"""Hands on the page, through the door that its windows use."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from bot.ports import UnitOfWorkFactory
from tests.contracts.drivers import Driver, Shown
from tests.web.site import ANA, BEN, LIN, Site, fresh_id, open_site

_PEOPLE = {"ana": ANA, "ben": BEN, "lin": LIN}


class OnThePage(Driver):
    """The page's channel."""

    _copies = 1

    async def start(self) -> None:
        self.site: Site = await self._bot.enter_async_context(
            open_site(self.folder, generator=self.engine, painter=self.painter)
        )

    @property
    def units(self) -> UnitOfWorkFactory:
        return self.site.house.services.units

    async def turn_id(self, shown: Shown) -> str:
        return str(shown.handle)

    async def says(
        self, text: str, by: str = "ana", *, to_bot: bool = True, alone: bool = False, after: Any = None
    ) -> str:
        more = {"reply_to": after.handle} if isinstance(after, Shown) else {}
        event = fresh_id()
        for _ in range(self._copies):
            status, body = await self.site.post("send", _PEOPLE[by], text=text, event_id=event, **more)
            assert status == 200, body
        return event

    async def shown(self) -> Sequence[Shown]:
        turns = await self.site.turns()
        return [
            Shown(
                "\n".join(filter(None, [turn["text"] or "\n".join(turn["blocks"]), turn["note"]])),
                _buttons(turn),
                turn["id"],
                turn["open"],
                tuple(turn["changes"]),
            )
            for turn in turns
            if turn["bot"]
        ]

    async def presses(self, shown: Shown, button: str, by: str = "ana") -> None:
        if button in ("good", "bad"):
            status, body = await self.site.post("rate", _PEOPLE[by], turn=shown.handle, verdict=button)
        elif button.startswith("pick"):
            number = int(button.split()[1])
            status, body = await self.site.post(
                "pick", _PEOPLE[by], turn=shown.handle, event_id=fresh_id(), number=number
            )
        elif button == "stop":
            status, body = await self.site.post("stop", _PEOPLE[by], turn=shown.handle)
        else:
            act = {"use": "share"}.get(button, button)
            status, body = await self.site.post(act, _PEOPLE[by], turn=shown.handle, event_id=fresh_id())
        assert status == 200, body

    async def attaches(self, name: str, data: bytes, text: str) -> None:
        async with self.site.http.post("/api/uploads", params={"name": name}, data=io.BytesIO(data)) as response:
            kept = await response.json()
        await self.site.say(text, attachments=[{"id": kept["id"], "name": name}])

    async def explains(self, shown: Shown, reason: str, better: str, by: str = "ana") -> None:
        for act, given in (("rate", {"verdict": "bad"}), ("suggest", {"text": better})):
            status, body = await self.site.post(act, _PEOPLE[by], turn=shown.handle, **given)
            assert status == 200, body

    async def completes(self, command: str, option: str, typed: str) -> Sequence[str]:
        asked = {"command": command, "option": option, "typed": typed}
        async with self.site.http.get("/api/completions", params=asked) as response:
            return [str(each["label"]) for each in await response.json()]

    async def chooses(self, shown: Shown, change: str, by: str = "ana") -> None:
        status, body = await self.site.post(
            "revise", _PEOPLE[by], turn=shown.handle, event_id=fresh_id(), change=change
        )
        assert status == 200, body

    async def whispered(self, by: str = "ana") -> Shown:
        (*_, latest) = await self.answers()
        return latest

    async def place_in_line(self) -> int:
        return max((turn.get("position", 0) for turn in await self.site.turns()), default=0)

    def redeliver(self) -> None:
        self._copies = 2


def _buttons(turn: dict[str, Any]) -> frozenset[str]:
    """By the names that all platforms share: whether a draft is used or a private answer shared shows in the turn."""
    controls = set(turn["controls"])
    names = controls - {"rate", "share", "pick"}
    names |= {"good", "bad"} if "rate" in controls else set()
    names |= {"share" if turn["private"] else "use"} if "share" in controls else set()
    names |= {f"pick {number}" for number in range(1, len(turn["pictures"]) + 1)} if "pick" in controls else set()
    return frozenset(names)
