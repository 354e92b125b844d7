# Two commands do everything: `make demo` and `make test`. Each makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := batch_import tests docs examples

# Commands start by the hundred; each would compile the package again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-with-programs test-programs check package package-test constraints sbom weight docs bench \
	bench-shared bench-fleet bench-results bench-listing bench-sources simulate fingerprint \
	coverage fuzz crash mutants minimum-versions format clean

demo: $(VENV)/.core
	$(BIN)/batch-import demo

# The tests of a file share what takes long to make: a browser, the built site. Those that wait most
# come first, as they are collected.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder
WITH_PROGRAMS := tests/browser tests/database tests/office
test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) --ignore tests/packaging $(addprefix --ignore ,$(WITH_PROGRAMS))

# The tests in a browser, in an office program and on a database. `make test-programs` installs these.
test-with-programs: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) $(WITH_PROGRAMS)

# What some tests need: Chromium, LibreOffice, PostgreSQL. Without them these tests are skipped.
test-programs:
	tests/install-programs.sh

check: $(VENV)/.dev package
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

# The package, built anew if anything in it has changed, and judged as an index would judge it.
DIST := build/dist
package: $(DIST)/.judged

$(DIST)/.judged: pyproject.toml MANIFEST.in README.md CHANGELOG.md $(shell find batch_import -type f -not -name '*.pyc') | $(VENV)/.dev
	rm -rf $(DIST)
	$(BIN)/python -m build --no-isolation --outdir $(DIST) >/dev/null
	$(BIN)/twine check --strict $(DIST)/*
	$(BIN)/check-wheel-contents $(DIST)/*.whl
	$(BIN)/pyroma --min 9 --quiet $(DIST)/*.tar.gz
	touch $@

# The wheel, installed as people do, on the Pythons that are here; `make package-test PYTHONS=3.12`.
package-test: package
	PYTHONS="$(PYTHONS)" $(BIN)/python -m pytest -q -n 2 --timeout 600 tests/packaging

# The exact versions that a careful buyer installs, with their hashes; and those of the container, which
# include the extra `shared`.
constraints: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --upgrade pyproject.toml -o constraints.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra shared -c constraints.txt pyproject.toml \
		-o constraints-shared.txt

# What the program consists of, as CycloneDX: read from an environment that has that and no more.
SBOM := build/sbom
sbom: package
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SBOM)
	$(BIN)/uv pip install --quiet --python $(SBOM)/bin/python --require-hashes -r constraints.txt
	$(BIN)/uv pip install --quiet --python $(SBOM)/bin/python --no-deps $(DIST)/*.whl
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-format JSON -o build/sbom.json $(SBOM)/bin/python
	@echo "Written: build/sbom.json"

# What the program costs to install and to start, by package.
weight: sbom
	$(BIN)/python tests/benchmark/weight.py $(SBOM)/bin/python

# The documentation as a site. A broken link or reference fails.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs build/docs
	@echo "Built: build/docs/index.html"

bench: $(VENV)/.dev
	$(BIN)/python tests/benchmark/manifest.py
	$(BIN)/python tests/benchmark/preflight.py
	$(BIN)/python tests/benchmark/run.py

# What a state in PostgreSQL costs, how soon another machine takes over, how runs share a limit.
bench-shared: $(VENV)/.dev
	$(BIN)/python tests/benchmark/shared_state.py

# Listing and signing of cloud storage against the bare library, and the calls of rows by reference.
bench-sources: $(VENV)/.dev
	$(BIN)/python tests/benchmark/sources.py

# A fleet of workers: what each account gets of its limit, and a worker that is killed or stopped.
bench-fleet: $(VENV)/.dev
	$(BIN)/python tests/benchmark/fleet.py

bench-results: $(VENV)/.dev
	$(BIN)/python tests/benchmark/report.py

# How long it takes to list a folder, and in how much memory.
bench-listing: $(VENV)/.dev
	$(BIN)/python tests/benchmark/listing.py

SEEDS ?= 100000
simulate: $(VENV)/.dev
	$(BIN)/python tests/simulation/run.py --seeds $(SEEDS) --resume .simulated

# One hash over the calls and rows of 10,000 simulated imports: the same before and after a change
# that must not change the engine. FINGERPRINT="--write FILE", later "--compare FILE", name seeds.
FINGERPRINT ?=
fingerprint: $(VENV)/.dev
	$(BIN)/python tests/simulation/fingerprint.py $(FINGERPRINT)

# Answers of a platform that may say anything; a few hundred of them are a part of `make test`.
EXAMPLES ?= 20000
SEED ?= 1
fuzz: $(VENV)/.dev
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/fuzz -q --timeout 0 --hypothesis-seed=$(SEED)

# The real command, killed, frozen, out of disk and with a clock that jumps: 0 lost, 0 twice. What
# was run with this program already is not run again. As root on Linux, for a disk of its own.
RUNS ?= 200
crash: $(VENV)/.dev
	$(BIN)/python tests/crash/run.py --runs $(RUNS)
	$(BIN)/python tests/crash/shared.py --runs $(RUNS)

# Small changes of the modules that decide, and whether a test notices; goes on where it ended.
SAMPLE ?= 100
mutants: $(VENV)/.dev
	$(BIN)/python tests/mutants/run.py --sample $(SAMPLE) --seed $(SEED)

# The demo and the unit tests with the lowest versions that pyproject.toml allows.
minimum-versions: $(VENV)/.dev
	UV=$(BIN)/uv PYTHON=$(BIN)/python tests/minimum-versions.sh

# Lines and branches that all tests together run, in processes of the command, too. It takes longer
# than `make test`, and fails below `fail_under` in pyproject.toml.
coverage: $(VENV)/.dev
	mkdir -p build/coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL) --timeout 600 --ignore tests/packaging
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet --fail-under 0 -o build/coverage/report.json
	$(BIN)/python tests/coverage_by_package.py build/coverage/report.json
	$(BIN)/coverage report

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
	touch $@ $(VENV)/.core $(VENV)/.docs

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@ $(VENV)/.core
