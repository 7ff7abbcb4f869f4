"""Everything there is at the beginning: conversations, the inbox, verdicts, releases, preferences and usage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# Compared byte by byte on both databases.
KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
WORDS = sa.Text()
JSON = sa.Text()
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _make_conversation()
    _make_turn()
    _make_image()
    _make_delivery()
    _make_inbox()
    _make_rating()
    _make_suggestion()
    _make_release()
    _make_run()
    _make_run_metric()
    _make_preference()
    _make_usage()


def _make_conversation() -> None:
    """Places, each with one conversation."""
    op.create_table(
        "conversation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("place_key", KEY, nullable=False),
        sa.Column("platform", KEY, nullable=False),
        sa.Column("workspace", KEY, nullable=False),
        sa.Column("channel", KEY, nullable=False),
        sa.Column("thread", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("place_key", name="uq_conversation_place_key"),
    )
    op.create_index("ix_conversation_platform", "conversation", ["platform"])


def _make_turn() -> None:
    """The trees of turns."""
    op.create_table(
        "turn",
        sa.Column("id", KEY, nullable=False),
        sa.Column("conversation_id", KEY, nullable=False),
        sa.Column("parent_id", KEY),
        sa.Column("root_id", KEY, nullable=False),
        sa.Column("role", KEY, nullable=False),
        sa.Column("author", KEY, nullable=False),
        sa.Column("author_name", WORDS, nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("origin", KEY, nullable=False),
        sa.Column("aside", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("note", WORDS, nullable=False),
        sa.Column("locale", KEY, nullable=False),
        sa.Column("release", KEY),
        sa.Column("prompt", JSON),
        sa.Column("prompt_erased", sa.Boolean(), nullable=False),
        sa.Column("sampling", JSON),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("admitted_s", sa.Float()),
        sa.Column("first_piece_s", sa.Float()),
        sa.Column("finished_s", sa.Float()),
        sa.Column("attachments", JSON, nullable=False),
        sa.Column("picture_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_turn_conversation_id_conversation", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["turn.id"], name="fk_turn_parent_id_turn"),
        sa.PrimaryKeyConstraint("id", name="pk_turn"),
    )
    op.create_index("ix_turn_author", "turn", ["author"])
    op.create_index("ix_turn_conversation_id_id", "turn", ["conversation_id", "id"])
    op.create_index("ix_turn_created_at", "turn", ["created_at"])
    op.create_index("ix_turn_parent_id", "turn", ["parent_id"])
    op.create_index("ix_turn_release", "turn", ["release"])
    op.create_index("ix_turn_root_id_created_at", "turn", ["root_id", "created_at"])


def _make_image() -> None:
    """Pictures of turns."""
    op.create_table(
        "image",
        sa.Column("id", KEY, nullable=False),
        sa.Column("turn_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("file", WORDS, nullable=False),
        sa.Column("alt", WORDS, nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_image_turn_id_turn", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_image"),
    )
    op.create_index("ix_image_turn_id", "image", ["turn_id"])


def _make_delivery() -> None:
    """Platform messages that carry turns."""
    op.create_table(
        "delivery",
        sa.Column("turn_id", KEY, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("platform", KEY),
        sa.Column("channel", KEY),
        sa.Column("message", KEY),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_delivery_turn_id_turn", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", "part", name="pk_delivery"),
    )
    op.create_index("ix_delivery_platform_channel_message", "delivery", ["platform", "channel", "message"])


def _make_inbox() -> None:
    """Accepted events."""
    op.create_table(
        "inbox",
        sa.Column("id", KEY, nullable=False),
        sa.Column("platform", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("ask", WORDS),
        sa.Column("question_id", KEY, nullable=False),
        sa.Column("answer_id", KEY, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("owner", KEY),
        sa.Column("held_until", MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("platform", "event_id", name="uq_inbox_platform_event_id"),
    )
    op.create_index("ix_inbox_answer_id", "inbox", ["answer_id"])
    op.create_index("ix_inbox_person", "inbox", ["person"])
    op.create_index("ix_inbox_question_id", "inbox", ["question_id"])
    op.create_index("ix_inbox_state_id", "inbox", ["state", "id"])


def _make_rating() -> None:
    """Verdicts."""
    op.create_table(
        "rating",
        sa.Column("turn_id", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("verdict", KEY, nullable=False),
        sa.Column("source", KEY, nullable=False),
        sa.Column("rated_at", MOMENT, nullable=False),
        sa.Column("release", KEY),
        sa.Column("reason", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_rating_turn_id_turn", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", "person", name="pk_rating"),
    )
    op.create_index("ix_rating_person", "rating", ["person"])
    op.create_index("ix_rating_rated_at", "rating", ["rated_at"])
    op.create_index("ix_rating_release", "rating", ["release"])


def _make_suggestion() -> None:
    """Better answers."""
    op.create_table(
        "suggestion",
        sa.Column("id", KEY, nullable=False),
        sa.Column("turn_id", KEY, nullable=False),
        sa.Column("person", KEY, nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.Column("suggested_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_suggestion_turn_id_turn", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_suggestion"),
    )
    op.create_index("ix_suggestion_person", "suggestion", ["person"])
    op.create_index("ix_suggestion_turn_id", "suggestion", ["turn_id"])


def _make_release() -> None:
    """Weights in service and their history."""
    op.create_table(
        "release",
        sa.Column("name", KEY, nullable=False),
        sa.Column("base", WORDS, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("weights", WORDS),
        sa.Column("parent", KEY),
        sa.Column("fingerprint", KEY, nullable=False),
        sa.Column("scores", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_release"),
    )


def _make_run() -> None:
    """Training runs."""
    op.create_table(
        "run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("asked_by", KEY, nullable=False),
        sa.Column("recipe", WORDS, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("dropped", JSON, nullable=False),
        sa.Column("verdict", WORDS, nullable=False),
        sa.Column("release", KEY),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )


def _make_run_metric() -> None:
    """Curves of training runs."""
    op.create_table(
        "run_metric",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_metric_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", "step", name="pk_run_metric"),
    )


def _make_preference() -> None:
    """Choices of people and places."""
    op.create_table(
        "preference",
        sa.Column("owner", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", WORDS, nullable=False),
        sa.Column("set_by", KEY, nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_preference"),
    )


def _make_usage() -> None:
    """What people used, a row a day."""
    op.create_table(
        "usage",
        sa.Column("person", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "day", name="pk_usage"),
    )
