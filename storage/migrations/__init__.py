"""The history of the schema, one Alembic revision a change. `env.py` is Alembic's way in."""
