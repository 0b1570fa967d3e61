# Everything a newcomer needs: `make demo` and `make test`. Each target makes the environment it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --warn-undefined-variables
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DATABASES ?= sqlite postgresql mariadb
CLIENTS ?=
CHECKED := server codegen clients/python examples tests benchmarks

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Modules are compiled once, also in containers that ask not to: the tests start processes by the hundred.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

.PHONY: demo
demo: $(READY) ## Serve the examples, load real data, edit it as two people, show records, audit and health
	PYTHONPATH=examples/gen $(BIN)/python examples/demo.py

.PHONY: serve
serve: $(READY) ## Serve the examples, with what the demo left, until Ctrl-C
	mkdir -p .demo
	$(BIN)/toolcrib serve examples/app.py --database sqlite:///.demo/plant.db

.PHONY: test
test: $(READY) ## Run the tests: all on SQLite, what has to do with a database on PostgreSQL and MariaDB too; or DATABASES=sqlite
	.ci/mariadb || [ -z "$${CI_ALL_DATABASES:-}" ]
	for database in $(DATABASES); do
		if [ "$$database" = mariadb ]; then
			.ci/mariadb || { echo "the tests on MariaDB are LEFT OUT: see above how to get it" >&2; continue; }
		fi
		$(BIN)/python -m pytest -q -n 3 --dist worksteal --database "$$database" tests
	done
	.ci/clients setup test

.PHONY: test-clients
test-clients: $(READY) ## Play one script to the clients of all languages, and print a table; or CLIENTS="python go"
	PYTHONPATH=tests $(BIN)/python -m conformance.runner $(CLIENTS)

.PHONY: generate
generate: $(READY) ## Write anew all generated files that are kept in the project
	$(BIN)/python -m toolcrib.codegen.public protos clients/python
	$(BIN)/toolcrib generate examples/components --out examples/gen
	$(BIN)/python -m toolcrib.codegen.cpp.validate clients/cpp/protos/validate.binpb

.PHONY: check
check: lint types ## Check style, types, layers, protos, generated files and packages
	$(BIN)/lint-imports
	$(BIN)/python -m toolcrib.codegen.public protos clients/python --check
	$(BIN)/toolcrib generate examples/components --out examples/gen --check
	$(BIN)/python -m toolcrib.codegen.cpp.validate clients/cpp/protos/validate.binpb --check
	$(BIN)/python -m pytest -q tests/test_protos.py tests/test_packaging.py
	.ci/clients setup lint

.PHONY: lint
lint: $(READY) ## Check style and formatting, of Python and of protos
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/buf lint
	for folder in protos examples/components tests/components tests/tenancy tests/conformance/components \
			tests/support/model/components tests/support/dialects/changing/was tests/support/dialects/changing/now \
			tests/support/direct/components; do
		$(BIN)/buf format --diff --exit-code "$$folder"
	done

.PHONY: types
types: $(READY) ## Check types
	$(BIN)/mypy $(CHECKED)

.PHONY: bench
bench: $(READY) ## Measure against an empty echo, raw SQLite and a plain loop on PostgreSQL
	$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## Remove everything that was made here
	rm -rf clients/*/build clients/*/node_modules .venv .demo .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@.ci/environment "$(PYTHON)" .venv
	touch $@
