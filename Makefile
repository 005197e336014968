# Foreview's commands. `make run` starts it, `make test` tests everything, `make check` reads everything.
SHELL := /bin/bash
PORT ?= 8000
export PORT
PY := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help run demo test test-fast check fix bench screenshots locks sbom env env-test migrations

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

env:
	@python3 -m deploy.bootstrap run

env-test:
	@python3 -m deploy.bootstrap test

run: env ## start Foreview with its demonstration on http://127.0.0.1:$(PORT)
	@exec $(PY) -m deploy.serve

demo: env ## set the demonstration back to its beginning, and start
	@exec $(PY) -m deploy.serve --reset

test: env-test ## everything: real servers, a real worker, a real browser
	@$(PY) -m deploy.frontend
	@$(PY) -m pytest -n 2 --dist loadfile $(ARGS)

test-fast: env-test ## all tests but those with a browser, a worker or broken servers
	@$(PY) -m pytest -n 2 --dist loadfile -m "not browser and not worker and not faults" $(ARGS)

check: env-test ## lint, types, imports, templates, migrations, deployment settings, generated docs
	@$(PY) -m deploy.check

fix: env-test ## mend what the tools can mend
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

migrations: env ## write the migrations that changed models call for
	@$(PY) manage.py makemigrations

bench: env-test ## measure, print a table, write var/bench.json (SIZE=full: a million cases)
	@$(PY) -m tests.bench

screenshots: env-test ## take the pictures of the main pages again
	@$(PY) -m deploy.screenshots

locks: env-test ## write the lock files anew from the .in files
	@for name in requirements requirements-dev requirements-node; do \
	  $(PY) -m uv pip compile --quiet --no-header --generate-hashes --universal --python-version 3.11 $$name.in -o $$name.txt; \
	done

sbom: env-test ## list every package of the locks with version and hashes, as CycloneDX JSON in var/sbom/
	@$(PY) -m deploy.sbom
