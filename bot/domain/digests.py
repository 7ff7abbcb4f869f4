"""When a place's digest is due: a time of day by the place's own clock, daily or on one day of the week.

The plan holds the local time and the name of the zone, never an offset, so the digest comes at nine in summer and in
winter. An hour that a change of clocks leaves out is taken as the same moment by the clock before the change; one that
comes twice counts once, the first time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class DigestPlan:
    """A place's digest: its conversation, when it comes, the language of the admin who ordered it, and until when the
    talk has been told (in UTC). `weekday` counts from Monday, 0; None for every day. `sent_to` is the direct
    conversation that it is sent to instead of being posted, and `channel` the place's name, told there."""

    conversation_id: str
    hour: int
    minute: int
    zone: str
    locale: str
    told_until: datetime
    weekday: int | None = None
    sent_to: str = ""
    channel: str = ""

    def due(self, now: datetime) -> datetime | None:
        """The latest moment at which the digest should have come and has not; None while there is none.

        However many were missed, they are one: it tells all since the last.
        """
        moment = self._latest(now)
        return moment if moment > self.told_until else None

    def next(self, now: datetime) -> datetime:
        """When the digest comes next."""
        # A day more than a period back from here is never skipped, though a day has 23 to 25 hours.
        latest = self._latest(now).astimezone(ZoneInfo(self.zone)).date()
        return self._on(latest + timedelta(days=1 if self.weekday is None else 7))

    def told(self, until: datetime) -> DigestPlan:
        """The plan once the talk until this moment has been told."""
        return replace(self, told_until=until)

    def dumped(self) -> str:
        """The plan as a preference's value."""
        return json.dumps(
            {
                "conversation_id": self.conversation_id,
                "hour": self.hour,
                "minute": self.minute,
                "zone": self.zone,
                "locale": self.locale,
                "told_until": self.told_until.isoformat(),
                "weekday": self.weekday,
                "sent_to": self.sent_to,
                "channel": self.channel,
            }
        )

    @classmethod
    def read(cls, value: str) -> Self:
        """The plan of a preference's value."""
        given = json.loads(value)
        return cls(**{**given, "told_until": datetime.fromisoformat(given["told_until"])})

    def _latest(self, now: datetime) -> datetime:
        today = now.astimezone(ZoneInfo(self.zone)).date()
        back = 0 if self.weekday is None else (today.weekday() - self.weekday) % 7
        moment = self._on(today - timedelta(days=back))
        return moment if moment <= now else self._on(today - timedelta(days=back + (1 if self.weekday is None else 7)))

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, time(self.hour, self.minute), ZoneInfo(self.zone)).astimezone(UTC)
