"""What Prometheus may read of the bot: counters and histograms, without contents or names of people."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED = Counter("inkling_events_accepted", "Events stored to be answered.", ["platform", "kind"])
ANSWERED = Counter("inkling_answers", "Answers in their last state.", ["platform", "origin", "status"])
RATED = Counter("inkling_ratings", "Verdicts of people on answers.", ["verdict"])
FIRST_PIECE = Histogram(
    "inkling_first_piece_seconds",
    "From acceptance to the first piece of text.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120),
)
ANSWER_TIME = Histogram(
    "inkling_answer_seconds",
    "From acceptance to the last piece of text.",
    buckets=(0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
)
TOKENS = Counter("inkling_tokens", "Tokens read and written.", ["direction"])
WAITING = Gauge("inkling_requests_waiting", "Requests that stand in line.")
RUNNING = Gauge("inkling_requests_running", "Requests that hold a slot of the engine.")
