"""Inkling's errors, as one family with a face for each reader.

    InklingError
    ├── PersonError             a person can act on it; `line` and `values` name the sentence in their language
    │   ├── Refused             an event was understood and declined (budget, too long, not allowed, bad option)
    │   ├── TrainingFailed      a training run cannot begin or go on
    │   └── GenerationError     the answer could not be made
    │       ├── PromptTooLong   prompt and answer do not fit the model's window
    │       ├── EngineLoading   the model is not ready yet and loading takes longer than we may wait
    │       ├── EngineDied      the engine stopped while the answer was half shown
    │       ├── EngineDown      no engine answers (remote: unreachable, circuit open; local: failed to load)
    │       ├── RequestRejected the engine refuses the request itself
    │       └── PainterMissing  no painter is set
    └── OperatorError           the host can act on it; the text is for a terminal or a log
        ├── SettingsError       a setting is missing or wrong; names the variable and the remedy
        ├── ModelError          a model folder is missing, corrupt or not allowed
        │   └── ModelUnreachable  a model is not on this machine, and the Hub does not give it
        ├── StorageError        the database is newer than this program, unreadable, or not to be written
        │   ├── DatabaseLocked  another program holds the database
        │   └── DiskFull        nothing more can be kept
        ├── AddressInUse        another program listens on the port
        └── AlreadyRunning      another process of ours holds the data folder
    DeliveryError               a platform refused or lost a message; adapters raise it, the core records it

Errors of libraries become ours where they enter: storage, engine, adapters. Their cause is kept.
"""

from __future__ import annotations


class InklingError(Exception):
    """The root of the family."""


class PersonError(InklingError):
    """Something a person can act on: the key of a line in `bot.domain.lines` and its values."""

    line = "error.unknown"

    def __init__(self, line: str | None = None, **values: object) -> None:
        self.line = line or type(self).line
        self.values = values
        super().__init__(self.line, values)


class Refused(PersonError):
    """An event was understood and declined; the line says why and what to do."""


class GenerationError(PersonError):
    """The answer could not be made."""

    line = "error.generation"


class PromptTooLong(GenerationError):
    """Prompt and answer do not fit the model's window; values: tokens, window."""

    line = "error.prompt_too_long"


class EngineLoading(GenerationError):
    """The model is still loading and the wait was over."""

    line = "error.engine_loading"


class EngineDied(GenerationError):
    """The engine stopped while the answer was half shown."""

    line = "error.engine_died"


class EngineDown(GenerationError):
    """No engine answers. `detail` is for the operator's log."""

    line = "error.engine_down"

    def __init__(self, line: str | None = None, *, detail: str = "", **values: object) -> None:
        self.detail = detail
        super().__init__(line, **values)


class RequestRejected(GenerationError):
    """The engine refuses the request itself: sampling, roles, an empty prompt; values: reason."""

    line = "error.request_rejected"


class PainterMissing(GenerationError):
    """No painter is set; the line says how to set one."""

    line = "error.painter_missing"


class TrainingFailed(PersonError):
    """A training run cannot begin or go on; the line says why and what to do. `detail` is for the operator's log."""

    line = "training.failed"

    def __init__(self, line: str | None = None, *, detail: str = "", **values: object) -> None:
        self.detail = detail
        super().__init__(line, **values)


class OperatorError(InklingError):
    """Something the host can act on; the text says what and how. `exit_code` is the process's, in sysexits' numbers."""

    exit_code = 70


class SettingsError(OperatorError):
    """A setting is missing or wrong; the text names the variable and the remedy."""

    exit_code = 78


class ModelError(OperatorError):
    """A model folder is missing, corrupt, or holds what we never load."""

    exit_code = 66


class ModelUnreachable(ModelError):
    """A model is not on this machine, and could not be had from the Hub now."""


class StorageError(OperatorError):
    """The database or the data folder is read-only, newer than this program, or unreadable."""

    exit_code = 74


class DatabaseLocked(StorageError):
    """Another program holds the database for longer than we wait."""


class DiskFull(StorageError):
    """The disk, or the database's own limit, is full; nothing more can be kept."""


class AddressInUse(OperatorError):
    """Another program listens on our port."""

    exit_code = 69


class AlreadyRunning(OperatorError):
    """Another process of ours holds the data folder."""

    exit_code = 75


class DeliveryError(InklingError):
    """A platform refused or lost a message. `retryable` says whether trying again may help."""

    def __init__(self, text: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(text)
