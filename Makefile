# Every target installs what it needs. `make` alone tells what there is.

PY := .venv/bin/python
RUN := .venv/bin/

.PHONY: help
help:  ## tell what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: install wall  ## run everything with a simulated operation; prints the wall's address
	$(RUN)pouls demo

.PHONY: check
check: install  ## run every check and every test, with fixed seeds, as CI does
	tools/system.sh java mvn redis-server chromium amtool
	$(RUN)ruff check
	$(RUN)ruff format --check
	$(RUN)mypy
	$(RUN)lint-imports
	$(PY) api/wall/build.py
	$(PY) api/wall/build.py --check
	$(PY) -m pytest --hypothesis-profile=ci

.PHONY: test
test: install  ## run the quick tests: no servers, no browser
	$(PY) -m pytest -m "not integration and not browser"

.PHONY: bench
bench: install  ## measure one worker against a bare loop, agents’ time, and alerts
	tools/system.sh java mvn redis-server
	$(PY) -m tests.benchmarks.bench

.PHONY: full
full: install wall  ## run the long proofs; writes docs/results/*.json
	tools/system.sh java mvn redis-server chromium
	$(PY) -m tests.benchmarks.full $(PROOFS)

.PHONY: install
install: .venv/installed  ## fill .venv from requirements.lock
.venv/installed: requirements.lock pyproject.toml tools/install.sh tools/uv.lock
	@tools/install.sh

.PHONY: wall
wall: install  ## build the wall into api/static
	$(PY) api/wall/build.py

.PHONY: fmt
fmt: install  ## format the code and mend what can be mended
	$(RUN)ruff format
	$(RUN)ruff check --fix

.PHONY: readme
readme: install  ## write tables and answers into the README and docs/agents.md
	$(PY) -m tools.kpi_table
	$(PY) -m tools.agents_page

.PHONY: lock
lock: install  ## renew requirements.lock after a change in pyproject.toml
	tools/lock.sh
