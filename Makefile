# Two commands do all the set-up on a machine with Python and make: `make demo` and `make test`.

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
else
PYTHON ?= python3
BIN := .venv/bin
endif
READY := .venv/ready

# What is imported is compiled once and kept, also where the environment says otherwise: each command would else compile
# all of it anew, three seconds and more of processor time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo serve test test-fast check clean

demo: $(READY)
	$(BIN)/python -m graphrec demo

# Answers over HTTP from the graph that `make demo` made, on loopback without keys.
serve: $(READY)
	$(BIN)/python -m graphrec serve --open

# Two at a time, each with a Neo4j of its own, whole files in the order that tests/conftest.py gives them.
test: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# The tests that need no server: under a minute.
test-fast: $(READY)
	$(BIN)/python -m pytest -m "not server" --numprocesses auto

# What continuous integration runs beside the tests.
check: $(READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[dev]"
	$(BIN)/python -c "import pathlib; pathlib.Path('$(READY)').touch()"

clean:
	$(PYTHON) -c "import shutil; shutil.rmtree('.venv', ignore_errors=True)"
