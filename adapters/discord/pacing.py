"""How often the states of growing answers may be shown in one channel, shared out among its answers.

Discord takes about five edits in five seconds in a channel, and beyond them makes even the last state wait. An answer's
states are therefore spaced by the number of answers that grow in its channel; a state whose time has not come is
skipped, the next one holds its words too. Last states never ask here.
"""

from __future__ import annotations

from collections.abc import Hashable

from bot.ports import Clock

# Seconds between two states in a channel: four in five seconds, which leaves room for last states.
SPACING_S = 1.25


class Pacer:
    """The growing answers of all channels, and when each may show its next state."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: dict[Hashable, dict[object, float]] = {}

    def join(self, channel: Hashable, reply: object) -> None:
        """An answer begins to grow; the first in its channel may show at once, later ones in turn."""
        growing = self._next.setdefault(channel, {})
        growing.setdefault(reply, self._clock.monotonic() + SPACING_S * len(growing))

    def leave(self, channel: Hashable, reply: object) -> None:
        """An answer has its last state."""
        growing = self._next.get(channel, {})
        growing.pop(reply, None)
        if not growing:
            self._next.pop(channel, None)

    def may_show(self, channel: Hashable, reply: object) -> bool:
        """Whether a state may be shown now; if so, it counts as shown."""
        growing = self._next[channel]
        now = self._clock.monotonic()
        if now < growing[reply]:
            return False
        growing[reply] = now + SPACING_S * len(growing)
        return True
