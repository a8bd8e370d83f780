# What a developer runs. Everything needed is installed by the targets themselves; see README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help up down test unit installed engine registries lint format bench picture lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV)/.program ## Set up all that is needed, deploy dev and promote to staging and prod on the local cloud
	@$(BIN)/python -m local up dev staging prod

down: $(VENV)/.program ## Stop the local cloud; `make up` goes on where it was
	@$(BIN)/python -m local down

# Two runs side by side. Workers of pytest-xdist would share the work better, but one has ended in the middle of it.
test: unit installed ## Set up all that is needed and run every test
	@$(MAKE) --no-print-directory --jobs=2 engine registries

unit: $(VENV)/.development ## Run the fast tests only: no engine, no Docker, no registries, no browser
	@$(BIN)/pytest --numprocesses logical -m "not engine and not registries and not installed"

installed: $(VENV)/.development ## Run the tests that need a browser and shells
	@$(BIN)/pytest -m installed

engine: $(VENV)/.development ## Run the tests on the real engine and the local cloud
	@$(BIN)/pytest -m engine

registries: $(VENV)/.development ## Run the tests against real registries
	@$(BIN)/pytest -m registries

lint: $(VENV)/.development ## Check format, style, types, scripts and workflows
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/python -m local.policy_packs >/dev/null
	@cd ./policies && ../$(BIN)/mypy --config-file ../pyproject.toml --python-executable .venv/bin/python __main__.py
	@./tools/lint-workflows

format: $(VENV)/.development ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.development ## Measure speed, side by side in one run
	@$(BIN)/python -m benchmarks

picture: $(VENV)/.development ## Draw the picture of docs/design.md from the code
	@$(BIN)/python -m tests.picture

lock: ## Pin the newest releases of what the *.in files name (needs uv)
	@./scripts/lock

clean: ## Remove the virtual environment (the local cloud stays; see `.venv/bin/python -m local down --wipe`)
	@rm -rf $(VENV)

# Both look again at what is there once they have the lock: see scripts/set-up.
$(VENV)/.program: requirements.txt
	@PYTHON=$(PYTHON) VENV=$(VENV) ./scripts/set-up program

$(VENV)/.development: requirements-dev.txt $(VENV)/.program
	@PYTHON=$(PYTHON) VENV=$(VENV) ./scripts/set-up development
