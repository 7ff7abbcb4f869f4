"""Models of the Hugging Face Hub: fetched into its cache, with word of how far it is.

huggingface_hub finds, names and links the files; the bytes are fetched here, into a file that is still there after a
kill, because the library throws its own half-fetched files away. Which files are wanted is the caller's to say: never
code, and of weights safetensors only. Local folders are `bot.engine.weights`' and `_pipeline_folder`'s.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from filelock import FileLock

from bot.domain.generation import Download
from bot.errors import ModelUnreachable

if TYPE_CHECKING:
    from huggingface_hub import DryRunFileInfo

Told = Callable[[int, int], None]
"""Is told how many bytes are here, of how many."""

_TELL_EVERY_S = 0.5
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files of the model that `setting` names are fetched, as patterns: `files`, but none of the `doubles`."""

    setting: str
    files: tuple[str, ...]
    doubles: tuple[str, ...] = ()

    @property
    def patterns(self) -> dict[str, list[str]]:
        """The same as huggingface_hub's arguments."""
        return {"allow_patterns": list(self.files), "ignore_patterns": list(self.doubles)}


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a model is in the Hub's cache: its folder, once it is whole, or so many bytes of files that are not."""

    folder: Path | None
    part_bytes: int = 0


def untold(done: int, total: int) -> None:
    """Tells nobody."""


def progress_line(model: str, download: Download) -> str:
    """A download in words: `downloading org/name: 12.0 of 480.0 MB (2 %)`."""
    return "downloading {model}: {done} of {total} MB ({percent} %)".format(model=model, **download.in_megabytes)


def fetch(model: str, wanted: Wanted, told: Told = untold) -> Path:
    """The folder of a model in the Hub's cache. What is missing is downloaded, from where an earlier try ended.

    Without a network a model that is here whole is taken as it is.

    Raises:
        ModelUnreachable: it is not here whole, and the Hub does not give it.
    """
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
    from huggingface_hub import snapshot_download

    arguments: dict[str, Any] = wanted.patterns
    try:
        plan: Sequence[DryRunFileInfo] = snapshot_download(model, dry_run=True, **arguments)
        _Download(model, plan, told).run()
        return Path(snapshot_download(model, **arguments))
    except Exception as error:  # the library and the transports under it raise many kinds
        try:
            return Path(snapshot_download(model, local_files_only=True, **arguments))
        except Exception:  # the first error says more
            raise ModelUnreachable(
                f"{model} is no folder here, and could not be had from the Hugging Face Hub: {_reason(error)} "
                f"Or set {wanted.setting} to a folder that holds the model."
            ) from error


def kept(model: str, wanted: Wanted) -> Kept:
    """What is here of a model; the network is not asked."""
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError
    from huggingface_hub.file_download import repo_folder_name

    arguments: dict[str, Any] = wanted.patterns
    try:
        return Kept(Path(snapshot_download(model, local_files_only=True, **arguments)))
    except LocalEntryNotFoundError:
        blobs = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model") / "blobs"
        return Kept(None, sum(file.stat().st_size for file in blobs.glob("*") if file.is_file()))


def _reason(error: Exception) -> str:
    """Why a download failed, and what can be done, in a sentence."""
    from huggingface_hub.errors import DryRunError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    if isinstance(error, DryRunError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, GatedRepoError):
        return "its owner wants to be asked first. Ask on its page, and set HF_TOKEN."
    if isinstance(error, RepositoryNotFoundError):
        return "there is no such model, or it is private. Check the name, or set HF_TOKEN."
    if isinstance(error, HfHubHTTPError):
        return f"it answered with status {error.response.status_code}. What was fetched is kept; try again later."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full. What was fetched is kept; free some space."
    if isinstance(error, _Damaged):
        return str(error)
    return (
        f"it cannot be reached ({type(error).__name__}). Check the network; a later start goes on where this one ended."
    )


class _Damaged(Exception):
    """A file came with another checksum than the Hub names."""


class _Bar:
    """What huggingface_hub takes for a progress bar."""

    def __init__(self, count: Callable[[int], None], **_: object) -> None:
        self._count = count

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is on a screen."""

    def update(self, count: float | None = 1) -> None:
        """So many bytes more."""
        self._count(int(count or 0))


@dataclass
class _Download:
    """The files of one model that are not here yet."""

    model: str
    plan: Sequence[DryRunFileInfo]
    told: Told
    _done: int = 0
    _told_at: float = field(default=float("-inf"))

    def run(self) -> None:
        """Fetch them one after the other."""
        missing = [file for file in self.plan if file.will_download]
        if not missing:
            return
        self._count(sum(file.file_size or 0 for file in self.plan if not file.will_download))
        for file in missing:
            self._fetch(file)
        self.told(self._total, self._total)

    @property
    def _total(self) -> int:
        return sum(file.file_size or 0 for file in self.plan)

    def _count(self, count: int) -> None:
        self._done = min(self._done + count, self._total)
        if time.monotonic() - self._told_at >= _TELL_EVERY_S:
            self._told_at = time.monotonic()
            self.told(self._done, self._total)

    def _fetch(self, file: DryRunFileInfo) -> None:
        """Fetch one file to where huggingface_hub looks for it: under its ETag's name."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils._headers import build_hf_headers

        url = hf_hub_url(self.model, file.filename, revision=file.commit_hash)
        found = get_hf_file_metadata(url)
        headers = build_hf_headers()
        if urlparse(found.location).netloc != urlparse(url).netloc:
            headers.pop("authorization", None)
        snapshots = next(folder for folder in Path(file.local_path).parents if folder.name == "snapshots")
        blob = snapshots.with_name("blobs") / str(found.etag)
        part = blob.with_name(f"{blob.name}.part")
        blob.parent.mkdir(parents=True, exist_ok=True)
        bar: Any = partial(_Bar, self._count)
        # Until the file has its name: another process would go on where this one ended.
        with FileLock(f"{part}.lock"):
            if blob.exists():
                return
            with part.open("ab") as content:
                here = content.tell()
                self._count(here)
                http_get(
                    found.location,
                    content,
                    resume_size=here,
                    headers=headers,
                    expected_size=found.size,
                    displayed_filename=file.filename,
                    tqdm_class=bar,
                )
            _check(part, blob.name, file.filename)
            part.replace(blob)


def _check(part: Path, etag: str, name: str) -> None:
    """Compare with the checksum, where the Hub names one: the ETag of large files is their SHA-256."""
    if len(etag) != _SHA256_DIGITS:
        return
    with part.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != etag:
        part.unlink()
        raise _Damaged(f"{name} came damaged (SHA-256 {found}, the Hub says {etag}). A later start fetches it again.")
