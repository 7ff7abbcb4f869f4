"""A Hugging Face Hub on a loopback socket: as much of its protocol as huggingface_hub speaks to fetch a model.

It serves a folder as the repository `tests/model`. Large files (`LARGE`) have their SHA-256 as ETag, as those in the
Hub's large file storage. It can be slow, and can drop a connection in the middle of a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REPO = "tests/model"
COMMIT = "c0ffee" * 6 + "c0ff"
LARGE = (".safetensors", ".bin", ".pt")
_PIECE = 16 * 1024


class HubServer:
    """Serves a folder until closed. `asked` lists every file that was asked for, with the byte it was asked from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, int]] = []
        self.seconds_a_piece = 0.0
        self.drop_at: dict[str, int] = {}
        """Files whose next answer ends after so many bytes."""
        self.connections: set[socket.socket] = set()
        hub = self

        class Handler(_Handler):
            server_side = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Be gone, also for those who kept their connection."""
        self._server.shutdown()
        self._server.server_close()
        for connection in tuple(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def fetched(self) -> set[str]:
        return {name for name, _ in self.asked}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_side: HubServer

    def setup(self) -> None:
        super().setup()
        self.server_side.connections.add(self.connection)

    def finish(self) -> None:
        self.server_side.connections.discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Nothing to the terminal."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        if re.fullmatch(f"/api/models/{REPO}(/revision/[^/]+)?", path):
            siblings = [{"rfilename": name} for name in self.server_side.files()]
            self._json({"id": REPO, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False})
        elif re.fullmatch(f"/api/models/{REPO}/tree/[^/]+", path):
            self._json([self._entry(name) for name in self.server_side.files()])
        elif found := re.fullmatch(f"/{REPO}/resolve/[^/]+/(.+)", path):
            self._file(found[1], body)
        else:
            self._json({"error": "Repository not found"}, status=404, **{"X-Error-Code": "RepoNotFound"})

    def _json(self, content: Any, status: int = 200, **headers: str) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _entry(self, name: str) -> dict[str, Any]:
        data = (self.server_side.folder / name).read_bytes()
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
        if name.endswith(LARGE):
            entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return entry

    def _file(self, name: str, body: bool) -> None:
        entry, data = self._entry(name), (self.server_side.folder / name).read_bytes()
        etag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        start = int(found[1]) if (found := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("X-Linked-Size", str(len(data)))
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if body:
            self.server_side.asked.append((name, start))
            self._send(data[start : self.server_side.drop_at.pop(name, len(data))], whole=len(data) - start)

    def _send(self, data: bytes, whole: int) -> None:
        try:
            for at in range(0, len(data), _PIECE):
                self.wfile.write(data[at : at + _PIECE])
                time.sleep(self.server_side.seconds_a_piece)
        except OSError:  # whoever asked is gone
            self.close_connection = True
        if len(data) < whole:
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
