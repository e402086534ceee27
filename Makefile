# Everything below needs only Python ≥ 3.11 and make; each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo run test lint types floors unit scenarios bench chaos fuzz lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/runtime.stamp
	@$(BIN)/flowbot demo $(DEMO)

run: $(VENV)/runtime.stamp
	@$(BIN)/flowbot run -c $(or $(CONFIG),config.yaml)

# The two suites side by side: one works, the other mostly waits.
test: lint types floors
	@$(MAKE) --no-print-directory -j2 unit scenarios

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

floors: $(VENV)/dev.stamp
	$(BIN)/lint-imports --no-logo

# The fast suite: everything but the real process.
unit: $(VENV)/dev.stamp
	$(BIN)/pytest --ignore tests/scenarios

# The real `flowbot` process against local platforms and providers.
scenarios: $(VENV)/dev.stamp
	$(BIN)/pytest tests/scenarios

bench: $(VENV)/bench.stamp
	$(BIN)/python -m tests.bench $(BENCH)

# kill -9 at every point x every answer of the platforms (8 minutes), then half an hour of random trouble.
chaos: $(VENV)/dev.stamp
	$(BIN)/python -m tests.chaos $(CHAOS)

# A million changed frames through every parser (some minutes).
fuzz: $(VENV)/dev.stamp
	$(BIN)/python -m tests.fuzz $(FUZZ)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "flowbot needs Python 3.11 or later; set PYTHON=python3.11, say"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing flowbot into $(VENV) (once) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# What the benchmark is measured against. Without a way to fetch it, the bench says what it leaves out.
$(VENV)/bench.stamp: requirements-bench.lock $(VENV)/dev.stamp
	@$(PIP) install --require-hashes -r requirements-bench.lock && touch $@ \
	  || echo "the bench goes on without the packages of requirements-bench.lock"

# The locks hold hashes for every platform and no index address. Needs uv (`pip install uv`).
UV ?= uv
LOCK = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
       --no-header --group build pyproject.toml
lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -o requirements-dev.lock
	$(LOCK) --group bench -c requirements-dev.lock -o requirements-bench.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
