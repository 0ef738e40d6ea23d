# Everything a contributor types. `make help` lists it. Needs only git, make and Python 3.11 or
# newer; npm and Chromium, where they are there, add the tests of an emulator and of the TypeScript
# client.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NPM_TOOLS := node_modules/.installed
ENGINE := src/arco/ui/vendored/duckdb.wasm.gz
ENGINE_PACKAGE := node_modules/@duckdb/duckdb-wasm
BROWSER := chromium
# The first Python that is new enough; `make setup PYTHON=...` names another.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
  name=python3; done; echo $$name)
SUITES := $(wildcard tests/unit tests/property tests/contract tests/golden)
SIMULATION := $(wildcard tests/simulation)
# Worlds of the log's campaign; the other campaigns get a share of as many.
SCHEDULES ?= 50000
NIGHTLY_SCHEDULES ?= 500000
PEERS := $(patsubst bench/peers/%.txt,.peers/%/.installed,$(wildcard bench/peers/*.txt))
ORCHESTRATORS := $(patsubst bench/peers/orchestrators/%.txt,.peers/%/.installed,\
  $(wildcard bench/peers/orchestrators/*.txt))
INTEGRATION := $(wildcard tests/integration)
FAST_SUITES := $(wildcard tests/tidy tests/unit tests/property)
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -q

.PHONY: help setup ui browser demo test fast check fmt sim contract bench bench-peers peers lock docs clean

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) $(NPM_TOOLS) ui browser ## A virtual environment with the locked dependencies and this package

demo: $(STAMP) ## Run the demo project (DIR=folder PORT=number)
	$(BIN)/arco demo $(if $(DIR),--dir "$(DIR)") $(if $(PORT),--port "$(PORT)")

ui: $(STAMP) $(NPM_TOOLS) ## The engine that answers SQL in a browser, out of its npm package, if it is there
	@if [ ! -d $(ENGINE_PACKAGE) ]; then echo "Without npm the server answers what the console asks, not the browser."; \
	elif [ ! -e $(ENGINE) ] || [ src/arco/ui/vendored.json -nt $(ENGINE) ]; then \
	  $(BIN)/python -m arco.ui.vendored $(ENGINE_PACKAGE); fi

test: setup check ## Everything that must pass before a change lands
	@for suites in "-n 2 --dist loadfile $(SUITES)" \
	  "-n 2 --dist worksteal --seeds=$(SCHEDULES) $(SIMULATION)" \
	  "-n 2 --dist loadfile --no-loadscope-reorder $(INTEGRATION)"; do \
	  case "$$suites" in \
	    *tests/*) $(PYTEST) --hypothesis-profile=ci $$suites ;; \
	  esac; \
	done

fast: $(STAMP) ## Tidy, unit and property tests and a few hundred worlds: about a minute
	$(PYTEST) -n 2 --dist loadfile $(FAST_SUITES)
	$(PYTEST) -n 2 --seeds=300 -k no_world tests/simulation/test_log_campaign.py

check: $(STAMP) ## Format, lint, types and the rules of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) tests/tidy

fmt: $(STAMP) ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

sim: $(STAMP) ## Simulated worlds from a random seed on, digging for long (ARGS=...)
	$(PYTEST) -n 2 --dist worksteal --hypothesis-profile=nightly \
	  --seeds=$(NIGHTLY_SCHEDULES) --first-seed=random tests/simulation $(ARGS)

.PHONY: kills
kills: $(STAMP) ## Kill leaders and workers at 200 points of runs of 1,000 tasks (ARGS="--seed 7")
	$(BIN)/python -m tests.integration.killed_runs $(ARGS)

contract: $(STAMP) $(NPM_TOOLS) ## What every store promises, on memory, disk, S3, Google and Azure (ARGS=...)
	$(PYTEST) -n 2 --dist loadfile tests/contract $(ARGS)

bench: $(STAMP) peers ## Requests and seconds per operation, on this machine (ARGS=...)
	$(BIN)/python -m bench $(ARGS)

bench-peers: $(STAMP) $(ORCHESTRATORS) ## The same work by other orchestrators, pinned and installed apart
	$(BIN)/python -m bench peers

.PHONY: conformance
conformance: $(STAMP) .peers/dagster/.installed .peers/airflow/.installed ## Ask other schedulers when they fire; write docs/reference/schedule-conformance.md
	PYTHONTZPATH= $(BIN)/python -m tests.conformance
	$(BIN)/python -m tests.reference --write

peers: $(PEERS) ## The environments of what the benchmarks compare with

docs: $(STAMP) ## Write docs/reference again from the code
	$(BIN)/python -m tests.reference --write

lock: ## Compile the locks of requirements/ and npm again (LOCK_FLAGS=--upgrade for newer versions)
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(PYTHON) -m venv "$$folder"; "$$folder/bin/python" -m pip install -q uv; \
	compile() { "$$folder/bin/uv" pip compile -q --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate $(LOCK_FLAGS) -o "requirements/$$1.txt" "$${@:2}"; }; \
	compile dev pyproject.toml --extra dev; \
	compile run pyproject.toml --extra cloud --extra demo -c requirements/dev.txt; \
	compile build --group build; \
	for peer in bench/peers/*.in bench/peers/orchestrators/*.in; do \
	  "$$folder/bin/uv" pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate $(LOCK_FLAGS) -o "$${peer%.in}.txt" "$$peer"; \
	done
	npm $(if $(findstring --upgrade,$(LOCK_FLAGS)),update,install) --silent --no-audit --no-fund \
	  --package-lock-only --omit-lockfile-registry-resolved

clean: ## Remove what make and the tools made
	rm -rf $(VENV) .peers .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist node_modules \
	  src/arco/ui/vendored
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements/build.txt requirements/dev.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  found=$$("$(PYTHON)" --version 2>/dev/null || echo "not there"); \
	  echo "Arco needs Python 3.11 or newer; '$(PYTHON)' is $$found." >&2; \
	  echo "Install one and name it: make setup PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments: install its venv package" >&2; \
	  echo "(on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) ..."
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes --no-build-isolation -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $(STAMP)

$(PEERS): .peers/%/.installed: bench/peers/%.txt
	$(INSTALL_PEER)

$(ORCHESTRATORS): .peers/%/.installed: bench/peers/orchestrators/%.txt
	$(INSTALL_PEER)

define INSTALL_PEER
@echo "Installing $* into .peers/$* ..."
@"$(PYTHON)" -m venv .peers/$*
@.peers/$*/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
  --no-deps -r $<
@touch $@
endef

# Without npm, or offline, the tests that need these say what they leave out (and CI fails).
$(NPM_TOOLS): package.json package-lock.json
	@left_out="tests on the Azure emulator, of the TypeScript client and of SQL in a browser will be left out."; \
	if ! command -v npm > /dev/null; then echo "npm is not here: $$left_out"; \
	elif npm ci --silent --no-audit --no-fund; then touch $(NPM_TOOLS); \
	else echo "npm could not install: $$left_out"; fi

# The same for the browser, which is no package of npm here.
browser:
	@left_out="tests in a browser will be left out (apt-get install $(BROWSER))."; \
	if command -v $(BROWSER) > /dev/null; then exit; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then \
	  echo "$(BROWSER) is not here: $$left_out"; exit; fi; \
	echo "Installing $(BROWSER) ..."; \
	apt-get install -qq -y $(BROWSER) > /dev/null 2>&1 \
	  || { apt-get update -qq && apt-get install -qq -y $(BROWSER); } > /dev/null 2>&1 \
	  || echo "$(BROWSER) could not be installed: $$left_out"
