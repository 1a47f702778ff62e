# Two commands do the main things on a fresh machine with Python 3.11 or newer:
#   make run    plays the flow scenarios        make test   runs the tests
# Both make their own environment in .venv, from requirements.lock, on first use.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; echo $$python)
VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PIP := -m pip --quiet --disable-pip-version-check
LOCK_VENV := build/lock-venv
MUTANTS_VENV := build/mutants-venv
COSMIC_RAY := cosmic-ray==8.7.0

.DEFAULT_GOAL := help
.PHONY: help run prove prove-browser grade contain browser test lint demo bench pictures mutants \
	lock venv clean

help:
	@echo 'make run     play the flow scenarios against the mock Sentry'
	@echo 'make prove   play every attack on the sound server and on every weakened one'
	@echo 'make grade   play every script of an agent and judge how it behaved'
	@echo 'make contain play every injection, and say what the design contains'
	@echo 'make prove-browser  the same for the attacks that need a browser'
	@echo 'make browser find a Chromium for browser runs and tests, or install one'
	@echo 'make test    run the tests, on all processors'
	@echo 'make demo    show the flow in a browser, walk through it, run attacks: the lab'
	@echo 'make bench   measure, as ratios to bare Flask, PyJWT and Python'
	@echo 'make lint    ruff and mypy'
	@echo 'make pictures draw the pictures of the README anew, in Chromium'
	@echo 'make mutants put mistakes into the modules that decide; each must be found (an hour)'
	@echo 'make lock    resolve the dependencies anew into requirements.lock'
	@echo 'make clean   remove what the others made, .venv too'

run: $(READY)
	@$(PY) -m harness run scenarios/flow

prove: $(READY)
	@$(PY) -m harness prove

grade: $(READY)
	@$(PY) -m harness grade

contain: $(READY)
	@$(PY) -m harness contain

prove-browser: $(READY) browser
	@$(PY) -m harness prove --browser

test: $(READY)
	@$(PY) -m pytest -q

lint: $(READY)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet . || \
		{ echo 'not formatted: run $(PY) -m ruff format .' >&2; exit 1; }
	@$(PY) -m mypy --no-error-summary
	@echo 'lint: clean'

demo: $(READY)
	@$(PY) -m harness demo

# Needs a Chromium, as the tests of pages do.
pictures: $(READY)
	@$(PY) -m tests.pictures

bench: $(READY)
	@$(PY) -m tests.bench

# cosmic-ray lives in an environment of its own: the tests that it starts need nothing of it.
mutants: $(READY)
	@$(PYTHON) -m venv $(MUTANTS_VENV)
	@$(MUTANTS_VENV)/bin/python $(PIP) install $(COSMIC_RAY)
	@$(PY) -m tests.mutants --cosmic-ray $(MUTANTS_VENV)/bin/cosmic-ray $(MODULES)

# Never fails the rest: where no browser can be had, what needs one says so itself.
browser: $(READY)
	@$(PY) -m harness.browser.setup

venv: $(READY)

# A stamp, so that the environment is made once and again when the lock changes. The
# project itself goes in editable, built by the locked hatchling.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) --silent python3-venv
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo 'installing requirements.lock into $(VENV) …' >&2
	@$(PY) $(PIP) install --require-hashes -r requirements.lock
	@$(PY) $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Debian and its children ship Python without what makes environments.
.PHONY: python3-venv
python3-venv:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing python3-venv …' >&2; \
		apt-get -qq update && \
		DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3-venv >/dev/null; \
	else \
		echo 'this Python cannot make environments; install them: apt-get install python3-venv' >&2; \
		exit 2; \
	fi

# pip-tools lives in an environment of its own: it pins pip and setuptools by depending on them.
lock:
	@$(PYTHON) -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python $(PIP) install pip-tools
	@CUSTOM_COMPILE_COMMAND='make lock' $(LOCK_VENV)/bin/python -m piptools compile --quiet \
		--upgrade --all-extras --generate-hashes --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--output-file requirements.lock pyproject.toml
	@rm -rf $(LOCK_VENV)

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
