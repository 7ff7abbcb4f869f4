"""Which releases an engine has loaded and which one serves: plain state, the same for both engines."""

from __future__ import annotations

from collections import Counter

import structlog

from bot.errors import ModelError, RequestRejected

# Each release costs memory; what is asked for is the one in service, a candidate, and a successor while they change.
_MOST_LOADED = 4
_DEATHS_OVER_A_RELEASE = 2

log = structlog.get_logger(__name__)


class Releases:
    """The releases with LoRA weights, beside the base model, which is always there.

    `base` is the base model's own name, `served` answers requests that name none ("" is the base model), and `folders`
    are those loaded, by name. `loading_again` is the one that a worker that has just been started is at, and `lost` has
    a sentence for each that could not be loaded again, until one is served in its place.
    """

    def __init__(self) -> None:
        self.base = ""
        self.served = ""
        self.folders: dict[str, str] = {}
        self.loading_again = ""
        self.lost: dict[str, str] = {}
        self._deaths: Counter[str] = Counter()
        self._gone: set[str] = set()

    @property
    def in_service(self) -> str:
        """The name of the one that serves."""
        return self.served or self.base

    def chosen_for(self, wanted: str | None) -> str:
        """The release for a request that names this one.

        One that was unloaded since it was chosen is replaced by the one in service, so that no conversation is dropped.

        Raises:
            RequestRejected: it was never loaded here.
        """
        if wanted is None or wanted in self._gone:
            return self.in_service
        if wanted in ("", self.base) or wanted in self.folders:
            return wanted or self.base
        raise RequestRejected(reason=f"the release {wanted} is not loaded")

    def check_room(self, name: str) -> None:
        """See that one more may be loaded.

        Raises:
            ModelError: there are as many as may be.
        """
        if name not in self.folders and len(self.folders) >= _MOST_LOADED:
            raise ModelError(f"{_MOST_LOADED} releases are loaded, which is the most: unload one before {name}.")

    def add(self, name: str, folder: str) -> None:
        """It is loaded."""
        self.folders[name] = folder
        self._gone.discard(name)
        self._deaths.pop(name, None)
        self.lost.pop(name, None)

    def serve(self, name: str) -> None:
        """Let it answer requests that name none.

        Raises:
            ModelError: it is not loaded.
        """
        if name in ("", self.base):
            self.served = ""
        elif name in self.folders:
            self.served = name
        else:
            raise ModelError(f"The release {name} is not loaded, so it cannot serve; {self.in_service} still does.")
        self.lost.clear()

    def remove(self, name: str) -> bool:
        """Let no request begin with it any more; when it served, the base model does now. Whether it was loaded."""
        if self.folders.pop(name, None) is None:
            return False
        self._gone.add(name)
        if self.served == name:
            self.served = ""
        return True

    def lose(self, name: str, detail: str) -> None:
        """It was loaded and cannot be loaded again; `detail` says why, for the operator."""
        log.error("engine.release_lost", release=name, detail=detail)
        substitute = " The base model serves in its place." if self.served == name else ""
        self.remove(name)
        self.lost[name] = f"The release {name} could not be loaded again: {detail}{substitute}"

    def died_loading(self, end: str) -> bool:
        """A worker died before it was ready; whether that is put down to a release, which the next one does without."""
        name, self.loading_again = self.loading_again, ""
        if not name:
            return False
        self._deaths[name] += 1
        if self._deaths[name] < _DEATHS_OVER_A_RELEASE:
            return False
        self.lose(name, f"the engine's process {end} over it.")
        return True
