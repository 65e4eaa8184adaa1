# Sipar. `make run` starts it, `make test` tests it, `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
# What Python has compiled it keeps, even where the shell says otherwise: every process would compile all of it again.
export PYTHONDONTWRITEBYTECODE :=
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-header $(UPGRADE)

.PHONY: help run test check setup setup-dev screenshots bench lock messages clean lint types contracts quick-tests

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: setup ## Start Sipar with a demonstration nation (ARGS="--port 9000" for another port)
	@exec $(BIN)/sipar up $(ARGS)

test: setup-dev ## Run every test (ARGS="-k words" for some)
	@sh scripts/chromium
	@$(BIN)/pytest -n auto $(ARGS)

check: setup-dev ## The fast loop: lint, types, import contracts, and the tests without browser
	@$(MAKE) --no-print-directory -j2 lint types contracts quick-tests

setup: ## Make the environment in .venv, nothing else
	@sh scripts/setup

setup-dev:
	@sh scripts/setup dev

lint:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types:
	@$(BIN)/mypy --no-error-summary src tests

contracts:
	@$(BIN)/lint-imports --no-logo

quick-tests:
	@$(BIN)/pytest -n auto -m "not browser and not slow" $(ARGS)

screenshots: setup-dev ## Renew the screenshots of the README
	@sh scripts/chromium
	@$(BIN)/python scripts/screenshots.py

bench: setup ## Measure the figures that Sipar must reach
	@$(BIN)/sipar bench posture --json
	@$(BIN)/sipar bench oscal --json

lock: setup-dev ## Write the lock files anew (UPGRADE=--upgrade to raise versions)
	@$(COMPILE) pyproject.toml --extra localdb -o requirements.lock
	@$(COMPILE) pyproject.toml --extra localdb --group dev -o requirements-dev.lock
	@echo uv | $(COMPILE) --no-annotate - -o scripts/uv.lock
	@printf 'hatchling\neditables\n' | $(COMPILE) --no-annotate - -o scripts/build.lock

messages: setup-dev ## Collect the texts to translate and compile the translations
	@$(BIN)/python scripts/messages.py

clean: ## Remove what can be made again; var/ with the data stays
	@rm -rf .venv node_modules src/sipar/ui/static/vendor dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find src tests scripts -name __pycache__ -type d -exec rm -rf {} +
