"""Errors as sentences for people: one place that finds the line for an error, by walking its class ancestry."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.lines import say
from bot.errors import DeliveryError, DiskFull, InklingError, PersonError, StorageError

_LINES: Mapping[type[InklingError], str] = {
    DeliveryError: "error.delivery",
    DiskFull: "error.disk_full",
    StorageError: "error.storage",
}


def sentence(error: Exception, locale: str) -> str:
    """What a person is told of an error: what happened and what to do, in their language."""
    if isinstance(error, PersonError):
        return say(error.line, locale, **error.values)
    for kind in type(error).__mro__:
        if kind in _LINES:
            return say(_LINES[kind], locale)
    return say("error.unknown", locale)
