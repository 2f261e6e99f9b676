# Two commands, each of which does its own set-up:
#   make demo   a shop that recommends, on SQLite:  make demo | make demo DATA=orders.csv | make demo NO_SERVE=1
#   make test   everything that CI checks
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.SILENT:

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CONSTRAINTS := .ci/constraints.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --constraint $(CONSTRAINTS)
CHECKED := django_recs tests example_shop docs

# Two test processes on two cores: one thread each. A demo or a benchmark may set OMP_NUM_THREADS itself.
TEST_PROCESSES ?= 2
PYTEST_ARGS ?=
BENCHMARKS ?= $(filter-out %/conftest.py,$(wildcard tests/benchmarks/[a-z]*.py))

.PHONY: help demo test bench lint format types layers django-checks pytest coverage docs install clean

help:  ## this list
	grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

demo: $(INSTALLED)  ## load a shop (DATA=FILE: an Online Retail file), train, evaluate, serve (NO_SERVE=1: do not serve)
	$(BIN)/python example_shop/manage.py demo $(if $(DATA),--data "$(DATA)") $(if $(NO_SERVE),--no-serve) $(ARGS)

test: $(INSTALLED) lint types layers django-checks docs pytest  ## everything that CI checks

lint: $(INSTALLED)
	echo "== format and lint"
	$(BIN)/ruff format --check --quiet $(CHECKED) || { echo "make format mends this"; exit 1; }
	$(BIN)/ruff check --quiet $(CHECKED)

format: $(INSTALLED)  ## mend format and lint
	$(BIN)/ruff check --fix $(CHECKED) || true
	$(BIN)/ruff format $(CHECKED)

types: $(INSTALLED)
	echo "== types"
	$(BIN)/mypy

layers: $(INSTALLED)
	echo "== layers"
	$(BIN)/lint-imports

django-checks: $(INSTALLED)
	echo "== migrations and system checks"
	export DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=.
	$(BIN)/python -m django makemigrations --check --dry-run
	$(BIN)/python -m django check --fail-level WARNING

docs: $(INSTALLED)  ## docs/_build/index.html; a warning is an error
	echo "== docs"
	$(BIN)/sphinx-build -W --keep-going --quiet -b html docs docs/_build

pytest: $(INSTALLED)
	echo "== tests"
	export OMP_NUM_THREADS=1
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadgroup $(PYTEST_ARGS)

coverage: $(INSTALLED)  ## which lines and branches the tests run
	export OMP_NUM_THREADS=1
	$(BIN)/pytest -n $(TEST_PROCESSES) --dist loadgroup --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

bench: $(INSTALLED)  ## print the figures: speed, memory, quality (BENCHMARKS=FILE: one of tests/benchmarks)
	$(BIN)/pytest -m benchmark -p no:randomly --capture=no $(BENCHMARKS) $(PYTEST_ARGS)

install: $(INSTALLED)  ## the virtual environment alone

$(INSTALLED): pyproject.toml $(CONSTRAINTS)
	echo "== installing into $(VENV)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable '.[dev]'
	touch $@

clean:  ## remove what the commands above made, the virtual environment included
	rm -rf $(VENV) var docs/_build dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
