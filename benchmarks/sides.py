"""What every rival's process shares: questions in, answers out, and nothing of what libraries print between them.

Only the standard library, because other interpreters than this project's run it, too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Generate = Callable[[list[list[int]], int], int]
"""Answers prompts with so many new tokens each, and counts what it made."""


def serve(ways: dict[str, Generate], others: dict[str, Callable[[], Any]] | None = None) -> None:
    """Answer until the input ends. A way of generating is timed; the others answer what they return."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        if other := (others or {}).get(question["do"]):
            answer = other()
        else:
            started = time.perf_counter()
            tokens = ways[question["do"]](question["prompts"], question["new_tokens"])
            answer = {"tokens": tokens, "seconds": time.perf_counter() - started}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
