# Everything runs in .venv, made here; nothing but make and Python >= 3.11 must be there before.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.9
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check format wheel bench chaos lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.venv/.runtime: requirements/base.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "deskpulse needs Python 3.11 or newer"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m uv --version 2>/dev/null | grep -q ' $(UV_VERSION)' || $(BIN)/python -m pip install -q uv==$(UV_VERSION)
	$(BIN)/uv pip install -q --require-hashes -r requirements/base.lock
	$(BIN)/uv pip install -q --no-deps -e .
	@touch $@

.venv/.development: requirements/dev.lock .venv/.runtime
	$(BIN)/uv pip install -q --require-hashes -r requirements/dev.lock
	@touch $@

demo: .venv/.runtime ## the whole product in one go, no credentials
	$(BIN)/deskpulse demo

test: .venv/.development ## the test suite, on SQLite and on a real Postgres
	$(BIN)/pytest -n 2 --dist worksteal

check: .venv/.development ## format, lint, strict types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.development ## format the code
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

wheel: .venv/.development ## build the wheel and run it in an empty environment
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel
	$(BIN)/python tests/smoke_wheel.py dist/*.whl

bench: .venv/.development ## throughput, memory, refresh cost, beside a bare loop
	$(BIN)/python -m tests.bench $(ARGS)

chaos: .venv/.development ## kill it a hundred times and compare
	$(BIN)/pytest -m chaos --chaos-full

lock: .venv/.runtime ## renew requirements/*.lock
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/base.lock
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements/dev.lock

clean: ## remove what make made
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
