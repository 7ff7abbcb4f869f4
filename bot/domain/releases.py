"""Weights in service and their history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ReleaseState(StrEnum):
    """How a release stands.

    candidate (tested, serves a share of the conversations), active (in service), retired (was in service), rejected
    (did not pass the gate), rolled back (people liked it less), discarded (its weights are deleted).
    """

    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Release:
    """Base model, LoRA weights (None for the base itself), parent, data fingerprint, scores and state."""

    name: str
    base: str
    state: ReleaseState
    created_at: datetime
    weights: str | None = None
    parent: str | None = None
    fingerprint: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


class RunState(StrEnum):
    """Where a training run stands."""

    RUNNING = "running"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: who asked, the recipe, examples used and dropped with reasons, and the verdict."""

    id: str
    asked_by: str
    recipe: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    used: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    verdict: str = ""
    release: str | None = None
