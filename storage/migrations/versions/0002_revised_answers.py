"""An answer made from another one names it, and what was done with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

# Compared byte by byte on both databases.
KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("turn", sa.Column("revises", KEY))
    op.add_column("turn", sa.Column("change", KEY))
