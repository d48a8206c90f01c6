# Needs python3 (3.11 or newer, with venv) and make; nothing else.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
PORT ?= 8000
DEMO_STORE ?= mlruns
SEED ?= 1
SHARED_DATA ?= ../shared/data
WORKERS ?= 2
# OpenMP threads that spin while they wait make two shared cores slower than one.
export OMP_WAIT_POLICY ?= passive
export MLFLOW_DISABLE_TELEMETRY ?= true

.PHONY: help install demo flanders test check-full bench bench-api lint lock clean

help:            ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

install: $(VENV)/installed  ## Make .venv with the locked requirements

# A virtual environment holds absolute paths: in a moved checkout it is made anew.
MOVED := $(shell test -s $(VENV)/installed && test "$$(cat $(VENV)/installed)" != "$$(pwd -P)" && echo moved)

.PHONY: moved
moved:
	@echo "The checkout was moved"; rm -rf $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml $(MOVED)
	@echo "Installing the locked requirements into $(VENV) (one to two minutes)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; try make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@pwd -P > $@

demo: install    ## Simulated region -> built, tracked, released, served with pages at :8000 (SERVE=0: not served)
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training ingest demo --to regions/demo --seed $(SEED)
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training check regions/demo
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training build regions/demo
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training promote latest --why "make demo"
	@if [ "$(SERVE)" = 1 ]; then COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m serve --open --port $(PORT); fi

flanders: install  ## The same on public data of Flanders (SHARED_DATA), into regions/flanders
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training ingest flanders --from $(SHARED_DATA) --to regions/flanders
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training check regions/flanders
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training build regions/flanders
	COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m training promote latest --why "make flanders"
	@if [ "$(SERVE)" = 1 ]; then COMPETENCE_STORE=$(DEMO_STORE) $(BIN)/python -m serve --open --port $(PORT); fi

test: install    ## Every fast test, in WORKERS processes (2)
	$(BIN)/python -m pytest -m "not full" -n $(WORKERS) --dist worksteal

# The long ones kill processes and fill disks at chosen moments: one after another.
check-full: test  ## The long tests too
	$(BIN)/python -m pytest -m full

bench: install   ## Benchmarks, into BENCHMARKS.md (PARTS="job_sdf cbs"; UNTIL=2022-12 cuts Job-SDF)
	$(BIN)/python -m tests.benchmarks $(PARTS) $(if $(UNTIL),--until $(UNTIL))

bench-api: install  ## Speed of the API beside a bare one (needs wrk), into BENCHMARKS.md
	$(BIN)/python -m tests.benchmarks api

lint: install    ## ruff and mypy
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

lock:            ## Resolve pyproject.toml anew into requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra dev pyproject.toml -o requirements.lock

clean:           ## Remove what make made, but not mlruns/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
