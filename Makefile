# The two commands a newcomer needs are `make run` and `make test`; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test check lock messages bench clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# The lock files name every package, so nothing is resolved: pip would look at newer releases that have no hash here, and refuse.
$(VENV)/run.stamp: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	touch $@

$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	touch $@

run: $(VENV)/run.stamp ## everything on http://127.0.0.1:8000 (PORT=... for another): database, sample programme, worker, web
	@exec $(BIN)/python -m flask --app wsgi serve

test: $(VENV)/test.stamp ## the whole suite: rules of the house, both databases, a real browser
	@exec $(BIN)/python -m tests

check: $(VENV)/test.stamp ## format, lint and types only
	ruff format --check . && ruff check . && mypy && lint-imports

messages: $(VENV)/test.stamp ## collect the words to translate into marketplace/translations
	pybabel -q extract -F babel.cfg -k lazy_gettext -k _l -k ngettext:1,2 --no-location --sort-output -w 120 -o marketplace/translations/messages.pot .
	for code in es pt; do pybabel -q update --no-fuzzy-matching --ignore-obsolete -w 120 -i marketplace/translations/messages.pot -d marketplace/translations -l $$code; done

lock: $(VENV)/test.stamp ## renew the hash-pinned lock files from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

bench: $(VENV)/test.stamp ## measure the pages against a bare view on the same server
	$(BIN)/python benchmarks/web.py

clean: ## remove the environment, the built files and the local database
	rm -rf $(VENV) build var
