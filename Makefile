# Everything a person types. `make help` lists it.

VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
TESTS ?= tests
SOURCES := apps nanogridbot tests container/runner docs manage.py

.DEFAULT_GOAL := help
.PHONY: help setup venv agent run test lint types check format lock picture image bench doctor clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@requirements/make-venv $(VENV)

# A stamp is older than its list when the list has changed: only then pip runs.
$(VENV)/base.stamp: requirements/base.txt | $(BIN)/python
	@echo "Installing what the service needs (once, and when requirements change)…"
	@$(PIP) install -r requirements/base.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/base.stamp
	@echo "Installing what tests and checks need…"
	@$(PIP) install -r requirements/dev.txt
	@touch $@

$(VENV)/agent.stamp: requirements/agent.txt $(VENV)/base.stamp
	@echo "Installing the Claude Agent SDK (some 380 MB on disk)…"
	@$(PIP) install -r requirements/agent.txt
	@touch $@

setup: $(VENV)/base.stamp ## Make the virtual environment with what the service needs

venv: $(VENV)/dev.stamp ## The same, with what tests and checks need

agent: $(VENV)/agent.stamp ## Add the Claude Agent SDK, for agents without Docker

run: $(VENV)/base.stamp ## Start everything on this machine; the first start makes the admin user
	@$(MANAGE) migrate --verbosity 0
	@exec $(MANAGE) up

test: lint types ## Check and test everything; TESTS=tests/chats for a part
	@$(BIN)/python -m pytest -q $(TESTS)

lint: $(VENV)/dev.stamp ## Check format and style
	@$(BIN)/ruff format --quiet --check $(SOURCES) || { echo "Run make format."; exit 1; }
	@$(BIN)/ruff check --quiet $(SOURCES)

types: $(VENV)/dev.stamp ## Check types
	@$(BIN)/mypy --no-error-summary $(SOURCES)

check: lint types ## Check format, style, types, migrations, layers and settings
	@$(MANAGE) check
	@$(MANAGE) makemigrations --check --dry-run
	@$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## Put the code into its format
	@$(BIN)/ruff format --quiet $(SOURCES)
	@$(BIN)/ruff check --quiet --fix $(SOURCES)

lock: $(VENV)/dev.stamp ## Compile requirements/*.in and container/requirements.in into pinned lists
	@requirements/lock $(BIN)/uv

picture: $(BIN)/python ## Draw docs/pictures/packages.svg from the import contracts
	@$(BIN)/python docs/draw_packages.py

image: $(VENV)/base.stamp ## Build the image in which agents run (needs Docker)
	@$(MANAGE) buildagent

bench: $(VENV)/dev.stamp ## Measure the promises of speed and memory (needs Docker and the image)
	@$(BIN)/python -m tests.bench

doctor: $(VENV)/base.stamp ## Say in words what is there and what is missing
	@$(MANAGE) doctor

clean: ## Remove the virtual environment and what tools left; the data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage htmlcov build
