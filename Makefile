# Every target makes its own virtual environment when there is none.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run chat doctor connect-discord connect-slack retrain test test-slow check bench clean

run: $(READY)
	@$(BIN)/python -m bot run

chat: $(READY)
	@$(BIN)/python -m bot chat

# make doctor CHANNEL=slack/C012AB3CD also sees whether the bot may write there.
doctor: $(READY)
	@$(BIN)/python -m bot doctor $(if $(CHANNEL),--channel $(CHANNEL))

connect-discord connect-slack: connect-%: $(READY)
	@$(BIN)/python -m bot connect $*

retrain: $(READY)
	@$(BIN)/python -m bot retrain

# What the tests are compiled to is kept for the next run, also where Python is told to keep nothing, as in many images:
# making it anew takes each process of a run six seconds.
test test-slow: export PYTHONDONTWRITEBYTECODE :=

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m benchmarks

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Inkling needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV), once: about a gigabyte of packages, a few minutes." >&2
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -e '.[test]' >&2
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
