"""A training run's process: `python -m bot.training.worker RUN_FOLDER`.

It takes its order from the folder, says what happens as JSON lines on standard output, and ends by itself when its
standard input does: when the bot closes it, and when the bot is gone, however it went. Its priority is low, and its
threads are bounded, so that answers go before it.

    {"kind": "progress", "stage", "done", "total", "loss", "seconds_left"}
    {"kind": "metric", "name", "step", "value"}
    {"kind": "failed", "line", "values", "detail"}      last; the line is for people, the detail for a log
    {"kind": "done"}                                    last; the report is in the folder
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import traceback
import warnings
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import filelock

from bot.domain.training import TrainingMetric, TrainingProgress
from bot.errors import ModelError, TrainingFailed
from bot.training.folder import Order, RunFolder
from bot.training.rows import CorruptExample

# The kernel, when memory runs out, ends the process with the highest score: this one before the bot and its engine.
_FIRST_TO_GO = "800"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# As libraries that are not written in Python say it; the numbers are those of the system.
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "File too large", "os error 28", "os error 27")
# The last is oneDNN's, when there is no room for the code that it makes.
_MEMORY_WORDS = (
    "can't allocate memory",
    "Cannot allocate memory",
    "out of memory",
    "bad_alloc",
    "could not create a primitive",
)


def main(folder: RunFolder) -> int:
    """Run, and say how it ended. The exit code is 0 when a report was left."""
    voice = _take_streams(folder.log)
    threading.Thread(target=_watch, name="watch", daemon=True).start()

    def tell(event: TrainingProgress | TrainingMetric) -> None:
        kind = "progress" if isinstance(event, TrainingProgress) else "metric"
        _say(voice, {"kind": kind, **asdict(event)})

    try:
        with filelock.FileLock(folder.lock, blocking=False):
            order = folder.order()
            _stand_back(order)

            from bot.training.running import run

            run(folder, tell)
    except Exception as error:  # whatever it is, the bot is told in words
        failed = explain(error)
        with suppress(OSError):
            print(failed.detail, file=sys.stderr, flush=True)
        values = {name: str(value) for name, value in failed.values.items()}
        _say(voice, {"kind": "failed", "line": failed.line, "values": values, "detail": failed.detail})
        return 1
    _say(voice, {"kind": "done"})
    return 0


def explain(error: BaseException) -> TrainingFailed:
    """What an error means to people, and where it happened; its own text may quote what they wrote."""
    detail = _where(error)
    match error:
        case TrainingFailed():
            return error
        case filelock.Timeout():
            return TrainingFailed("training.already_running", detail="the lock is held")
        case CorruptExample():
            return TrainingFailed("training.corrupt_example", detail=str(error), file=error.file, number=error.line)
        case ModelError():
            line = "training.no_memory" if isinstance(error.__cause__, MemoryError) else "training.missing_base"
            return TrainingFailed(line, detail=str(error))
    chain = list(_chain(error))
    if any(isinstance(one, OSError) and one.errno in _FULL for one in chain) or _says(chain, _FULL_WORDS):
        return TrainingFailed("training.disk_full", detail=detail)
    if any(isinstance(one, MemoryError) for one in chain) or _says(chain, _MEMORY_WORDS):
        return TrainingFailed("training.no_memory", detail=detail)
    return TrainingFailed("training.broken", detail=detail)


def _chain(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _says(chain: list[BaseException], words: tuple[str, ...]) -> bool:
    return any(word in str(one) for one in chain for word in words)


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.name} ({Path(frame.filename).name}:{frame.lineno})" for frame in frames[-4:]]
    return f"{type(error).__name__} in {' > '.join(places)}" if places else type(error).__name__


def _take_streams(log: Path) -> TextIO:
    """Standard output for events; whatever libraries print goes into the run's log."""
    voice = os.fdopen(os.dup(1), "w", encoding="utf-8")
    try:
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    return voice


def _say(voice: TextIO, event: dict[str, object]) -> None:
    try:
        voice.write(json.dumps(event) + "\n")
        voice.flush()
    except BrokenPipeError:
        os._exit(0)


def _watch() -> None:
    while os.read(0, 1024):
        pass
    # Nobody is left to train for, and the main thread may be deep in a step.
    os._exit(0)


def _stand_back(order: Order) -> None:
    """Low priority, and libraries that keep to themselves; before anything heavy is imported."""
    os.nice(order.nice)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
    os.environ.update(
        HF_HUB_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
        TRANSFORMERS_VERBOSITY="error",
        TOKENIZERS_PARALLELISM="false",
        TQDM_DISABLE="1",
        MPLBACKEND="Agg",
    )
    warnings.simplefilter("ignore")


if __name__ == "__main__":
    sys.exit(main(RunFolder(Path(sys.argv[1]))))
