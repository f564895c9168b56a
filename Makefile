# The front door. A fresh machine needs Python >= 3.11 (with venv), make and git; nothing is asked, nothing is
# installed outside this checkout. `make demo` and `make test` are the two commands a newcomer needs.

PYTHON ?= python3
ARGS ?=
JOBS ?= 2
SIM_SEEDS ?= 100
SIM_HOURS ?= 10
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup dev-setup demo test evaluate lint format types contracts unit bench fuzz-warn simulate lock clean distclean

BIN := .venv/bin
PY := $(BIN)/python
# Environments for building only: the installer (uv), and Node.js where the machine has none.
UV := .build/uv/bin/uv
# One large generated module takes a busy machine longer than the installer's own patience of 60 s.
export UV_COMPILE_BYTECODE_TIMEOUT ?= 600
LOCKS := requirements/run.txt requirements/build.txt
DEV_LOCKS := $(LOCKS) requirements/dev.txt
BUILT := src/tocsin/data/built
DATA_INPUTS := package.json package-lock.json requirements/node.txt requirements/cities.txt tools/build_data.py \
	tools/build_page.mjs tools/areas.py tools/seas.py tools/cities.py tools/node_env.py src/tocsin/data/area_names.toml \
	src/tocsin/data/sea_areas.toml

# Warm-up compiles numba's cache once at installation, so that the first alert never waits for a compiler.
INSTALL = $(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --offline --editable .

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  make demo ARGS="--headless --scenario 2022-10-04 --out DIR"   runs to the end and leaves its results in DIR'

setup: .venv/.stamp-warm  ## the private environment .venv (demo and test do it by themselves)

demo: setup  ## three nations on this machine, EXERCISE plane; options in ARGS="..."
	@$(BIN)/tocsin demo $(ARGS)

test: lint types contracts unit  ## everything: lint, types, import contracts, tests

lint: dev-setup  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: dev-setup  ## rewrite the sources in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: dev-setup  ## mypy --strict
	$(BIN)/mypy

contracts: dev-setup  ## the walls between the rooms (import-linter)
	$(BIN)/lint-imports --no-cache

unit: dev-setup  ## tests only
	$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

bench: dev-setup  ## the benchmarks of bench/, figures on the terminal
	@found=0; for b in bench/bench_*.py; do [ -f "$$b" ] || continue; found=1; echo "== $$b"; $(PY) "$$b" || exit $$?; done; \
	[ $$found = 1 ] || { echo "error: no bench/bench_*.py in this checkout; fix: use a complete checkout" >&2; exit 2; }

RUNS ?= 200
ONLY ?=
evaluate: dev-setup  ## the figures of docs/evaluation.md anew: JSON and pictures (hours; RUNS=20 ONLY=near-KOR: minutes)
	$(PY) tools/evaluate.py --runs $(RUNS) --jobs $(JOBS) $(ONLY)

fuzz-warn: dev-setup  ## bad input against the warning desk (N=1000000, SEED=1): never an alert, never a crash
	PYTHONPATH=tests $(PY) tests/warn_fuzz.py $(or $(N),1000000) $(or $(SEED),1)

simulate: setup  ## planted bugs, then 1,000 simulated hours of a watch under faults (out/simulate.jsonl; goes on where it was stopped)
	$(BIN)/tocsin simulate --mutant all --jobs $(JOBS)
	$(BIN)/tocsin simulate --seeds $(SIM_SEEDS) --hours $(SIM_HOURS) --jobs $(JOBS) --keep out/simulate.jsonl $(ARGS)

lock: $(UV)  ## resolve the lock files again (hashes, no addresses); UPGRADE=1 takes the newest versions
	sh tools/lock.sh $(UV) $(if $(UPGRADE),--upgrade)

clean:  ## remove caches and built data
	rm -rf $(BUILT) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache node_modules
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean  ## also remove the environments
	rm -rf .venv .build

# ---- installation, one stamp a step: instant when nothing changed, again when a lock file did ----

dev-setup: .venv/.stamp-dev setup

$(UV): requirements/uv.txt
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "error: no '$(PYTHON)' on this machine; fix: install Python >= 3.11, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: '$(PYTHON)' says $$("$(PYTHON)" --version 2>&1 | head -n 1); tocsin needs Python >= 3.11; fix: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "error: '$(PYTHON)' comes without venv; fix: install it (Debian, Ubuntu: apt-get install python3-venv), or name another: make PYTHON=..." >&2; exit 2; }
	@echo "setup: installer into .build/uv"
	@"$(PYTHON)" -m venv --clear .build/uv
	@.build/uv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements/uv.txt
	@touch $@

.venv/pyvenv.cfg: | $(UV)
	@rm -rf .venv && "$(PYTHON)" -m venv --without-pip .venv

.venv/.stamp-run: $(LOCKS) pyproject.toml src/tocsin/__init__.py | $(UV) .venv/pyvenv.cfg
	@echo "setup: run-time packages into .venv"
	@$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/build.txt
	@$(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes --no-build-isolation $(LOCKS) $(if $(wildcard .venv/.stamp-dev),requirements/dev.txt)
	@$(INSTALL)
	@touch $@

.venv/.stamp-dev: requirements/dev.txt .venv/.stamp-run
	@echo "setup: test packages into .venv"
	@$(UV) pip sync --quiet --python $(PY) --require-hashes --no-build-isolation $(DEV_LOCKS)
	@$(INSTALL)
	@touch $@

$(BUILT)/.stamp: $(DATA_INPUTS) | .venv/.stamp-run
	@echo "setup: map data and page modules into $(BUILT)"
	@$(PY) tools/build_data.py --uv $(UV)
	@touch $@

.venv/.stamp-warm: .venv/.stamp-run $(BUILT)/.stamp $(wildcard src/tocsin/earth/*.py src/tocsin/track/*.py src/tocsin/sim/*.py)
	@if [ -f src/tocsin/earth/warm.py ]; then echo "setup: compiling the integrator (once)"; $(PY) -m tocsin.earth.warm; fi
	@touch $@

# ---- broken on purpose (docs/faults.md) ----

.PHONY: faults fuzz flips canaries

faults: setup  ## real processes killed, stopped, cut off, filled, unplugged; ARGS="--quick", "--list", "--only NAME"
	@if [ "$$(id -u)" = 0 ] && [ -e /dev/fuse ]; then $(MAKE) --no-print-directory .build/fuse/.stamp; fi
	@$(BIN)/tocsin faults --fuse-python .build/fuse/bin/python $(ARGS)

fuzz: setup  ## 1,000,000 hostile inputs at every rim where a stranger's bytes come in; ARGS="--count N --only RIM"
	@$(PY) tools/fuzz.py --jobs $(JOBS) $(ARGS)

flips: setup  ## every bit of 1,000 envelopes flipped, none believed; ARGS="--envelopes N"
	@$(PY) tools/flips.py --jobs $(JOBS) $(ARGS)

canaries: setup  ## 1,000,000 products with random labels under random policies, none leaked; ARGS="--count N"
	@$(PY) tools/canaries.py --jobs $(JOBS) $(ARGS)

# What a disk that forgets needs (power cuts), apart from everything else; libfuse3 itself is the system's.
.build/fuse/.stamp: requirements/fuse.txt | $(UV)
	@$(UV) venv --quiet --clear --python "$(PYTHON)" .build/fuse
	@$(UV) pip sync --quiet --python .build/fuse/bin/python --require-hashes requirements/fuse.txt
	@touch $@
