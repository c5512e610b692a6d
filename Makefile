# Everything a developer runs. CI runs `make test` through .ci/run and nothing else.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
FEEDMAKER := $(VENV)/bin/feedmaker
STAMP := $(VENV)/installed
# More options for `make lock`, such as LOCKFLAGS=--upgrade to move to the newest releases.
LOCKFLAGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format bench pictures lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## build the feeds and pages of this folder and draft a newsletter issue
	$(FEEDMAKER) build
	$(FEEDMAKER) newsletter draft --backlog 1
	@echo
	@echo 'Made from schedule.yaml and episodes/; nothing was sent, and nothing is served:'
	@echo '  public/index.html         the pages; open it in a browser'
	@echo '  public/feed.xml           the feed as RSS, with atom.xml and feed.json beside it'
	@echo 'The issue, as text or as HTML:'
	@echo '  $(FEEDMAKER) newsletter show latest'
	@echo '  $(FEEDMAKER) newsletter show latest --html > .feedmaker/issue.html'
	@echo 'What is published, and what comes next:'
	@echo '  $(FEEDMAKER) status'

test: check ## run everything that CI runs: check, then all tests in random order
	$(PY) -m pytest --numprocesses auto --dist worksteal

check: $(STAMP) ## check format, lint and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

format: $(STAMP) ## put the code into its format and mend what the linter can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: $(STAMP) ## measure builds, an idle tick and messages on 100 to 10,000 generated notes; HUGO=PROGRAM beside it
	$(PY) -m benchmarks.bench $(if $(HUGO),--hugo $(HUGO))

pictures: $(STAMP) ## draw the pictures of the docs anew, from what this folder makes (needs chromium)
	$(PY) -m docs.pictures.make

# The lock names versions and hashes only. uv is needed here and nowhere else, so it is not in the lock.
lock: | $(VENV)/bin/pip ## write requirements/*.txt anew from pyproject.toml (needs the network)
	$(PY) -m uv --version >/dev/null 2>&1 || $(PY) -m pip install --quiet uv
	$(PY) -m uv pip compile pyproject.toml --group dev $(LOCK_OPTIONS) \
		--output-file requirements/dev.txt
	$(PY) -m uv pip compile pyproject.toml --constraints requirements/dev.txt $(LOCK_OPTIONS) \
		--output-file requirements/run.txt

LOCK_OPTIONS = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make lock' $(LOCKFLAGS)

# Subscribers and deliveries live in .feedmaker/, mail in outbox/: cleaning never touches them.
clean: ## remove .venv, caches and built packages; never the state of the newsletter
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is newer than the lock as long as what is installed is what the lock says.
$(STAMP): requirements/dev.txt pyproject.toml | $(VENV)/bin/pip
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# pip is the last thing that venv installs, so a half-made environment is made again.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "feedmaker needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
