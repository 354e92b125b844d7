# The two main commands are `make demo` and `make test`. Each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := batch_import tests docs examples

# Allow Python to write bytecode: the tests start hundreds of commands, and each of them would compile
# the package again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-with-programs test-programs check package package-test constraints sbom weight docs bench \
	bench-shared bench-fleet bench-results bench-listing bench-sources simulate fingerprint \
	coverage fuzz crash mutants minimum-versions format clean

demo: $(VENV)/.core
	$(BIN)/batch-import demo

# All tests of a file run in the same process, because they share a browser or the built site. The
# files start in the order of their collection, and slow files are collected first.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder
WITH_PROGRAMS := tests/browser tests/database tests/office
test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) --ignore tests/packaging $(addprefix --ignore ,$(WITH_PROGRAMS))

# The tests that need Chromium, PostgreSQL or LibreOffice. `make test-programs` installs these.
test-with-programs: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) $(WITH_PROGRAMS)

# Install the programs that some tests need. Without a program, its tests are skipped.
test-programs:
	tests/install-programs.sh

check: $(VENV)/.dev package
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

# Build the package, if a file of it has changed, and check it by the rules of a package index.
DIST := build/dist
package: $(DIST)/.judged

$(DIST)/.judged: pyproject.toml MANIFEST.in README.md CHANGELOG.md $(shell find batch_import -type f -not -name '*.pyc') | $(VENV)/.dev
	rm -rf $(DIST)
	$(BIN)/python -m build --no-isolation --outdir $(DIST) >/dev/null
	$(BIN)/twine check --strict $(DIST)/*
	$(BIN)/check-wheel-contents $(DIST)/*.whl
	$(BIN)/pyroma --min 9 --quiet $(DIST)/*.tar.gz
	touch $@

# Install the wheel with pip, pipx and uv, and run the demo, with all Pythons of this machine, or with
# some: `make package-test PYTHONS=3.12`.
package-test: package
	PYTHONS="$(PYTHONS)" $(BIN)/python -m pytest -q -n 2 --timeout 600 tests/packaging

# Write the exact versions of all dependencies with their hashes, for reproducible installations. Those
# of the container include the extra `shared`.
constraints: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --upgrade pyproject.toml -o constraints.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra shared -c constraints.txt pyproject.toml \
		-o constraints-shared.txt

# Write the list of all packages of the program as CycloneDX (an SBOM), from an environment that has
# only these packages.
SBOM := build/sbom
sbom: package
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(SBOM)
	$(BIN)/uv pip install --quiet --python $(SBOM)/bin/python --require-hashes -r constraints.txt
	$(BIN)/uv pip install --quiet --python $(SBOM)/bin/python --no-deps $(DIST)/*.whl
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-format JSON -o build/sbom.json $(SBOM)/bin/python
	@echo "Written: build/sbom.json"

# Measure the size and the import time of each package.
weight: sbom
	$(BIN)/python tests/benchmark/weight.py $(SBOM)/bin/python

# Build the documentation as a site. A broken link or reference is an error.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs build/docs
	@echo "Built: build/docs/index.html"

bench: $(VENV)/.dev
	$(BIN)/python tests/benchmark/manifest.py
	$(BIN)/python tests/benchmark/preflight.py
	$(BIN)/python tests/benchmark/run.py

# Measure a job database in PostgreSQL: commits, how soon another machine takes a job over, and how runs
# share a rate limit.
bench-shared: $(VENV)/.dev
	$(BIN)/python tests/benchmark/shared_state.py

# Measure listing and signing of cloud storage, compared with the library alone.
bench-sources: $(VENV)/.dev
	$(BIN)/python tests/benchmark/sources.py

# Measure a fleet of workers: the share of its rate limit that each account uses, and how soon the jobs
# of a killed or stopped worker continue.
bench-fleet: $(VENV)/.dev
	$(BIN)/python tests/benchmark/fleet.py

bench-results: $(VENV)/.dev
	$(BIN)/python tests/benchmark/report.py

# Measure the time and the memory to list a folder.
bench-listing: $(VENV)/.dev
	$(BIN)/python tests/benchmark/listing.py

SEEDS ?= 100000
simulate: $(VENV)/.dev
	$(BIN)/python tests/simulation/run.py --seeds $(SEEDS) --resume .simulated

# Print one hash of the requests and rows of 10,000 simulated imports: a refactoring must not change it.
# FINGERPRINT="--write FILE" writes the hash of each seed; later, "--compare FILE" prints the seeds that
# differ.
FINGERPRINT ?=
fingerprint: $(VENV)/.dev
	$(BIN)/python tests/simulation/fingerprint.py $(FINGERPRINT)

# Test random answers of the platform. `make test` includes a few hundred of them.
EXAMPLES ?= 20000
SEED ?= 1
fuzz: $(VENV)/.dev
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/fuzz -q --timeout 0 --hypothesis-seed=$(SEED)

# Run imports by the real command with kills, pauses, full disks and jumps of the clock: no row may be
# lost or imported twice. Imports that were already run with the same program are not repeated. Needs
# Linux; some disturbances also need root.
RUNS ?= 200
crash: $(VENV)/.dev
	$(BIN)/python tests/crash/run.py --runs $(RUNS)
	$(BIN)/python tests/crash/shared.py --runs $(RUNS)

# Make small changes in the modules that make decisions, and check that a test fails. The next call
# continues.
SAMPLE ?= 100
mutants: $(VENV)/.dev
	$(BIN)/python tests/mutants/run.py --sample $(SAMPLE) --seed $(SEED)

# Run the demo and the unit tests with the lowest versions that pyproject.toml allows.
minimum-versions: $(VENV)/.dev
	UV=$(BIN)/uv PYTHON=$(BIN)/python tests/minimum-versions.sh

# Measure which lines and branches all tests run, also in processes of the command. It takes longer than
# `make test`, and fails below `fail_under` in pyproject.toml.
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
