# Two commands do everything: `make demo` and `make test`. Each makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := batch_import tests

.PHONY: demo test test-programs check bench bench-results simulate format clean

demo: $(VENV)/.core
	$(BIN)/batch-import demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 4

# What some tests open results in: Chromium and LibreOffice. Without them these tests are skipped.
test-programs:
	tests/install-programs.sh

check: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python tests/benchmark/manifest.py
	$(BIN)/python tests/benchmark/run.py

bench-results: $(VENV)/.dev
	$(BIN)/python tests/benchmark/report.py

SEEDS ?= 100000
simulate: $(VENV)/.dev
	$(BIN)/python tests/simulation/run.py --seeds $(SEEDS)

format: $(VENV)/.dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/.core
