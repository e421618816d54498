# Few and obvious. `make setup` alone makes .venv/bin/vcfm work; everything else calls it when it must.
PYTHON ?= python3
BIN := .venv/bin
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

.PHONY: setup demo check test coverage bench prove-rollback prove-crash prove-walks prove-bridge prove-channels lint docs generate lock clean

setup: .venv/.ready

.venv/.ready: requirements/dev.txt requirements/go.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@go version 2>/dev/null | grep -q 'go1\.26' || $(BIN)/pip install --quiet --require-hashes -r requirements/go.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock: ; $(BIN)/$(LOCK) --extra lab --extra postgres --extra dev pyproject.toml -o requirements/dev.txt
	$(BIN)/$(LOCK) --extra postgres pyproject.toml -o requirements/service.txt
	$(BIN)/$(LOCK) --extra go pyproject.toml -o requirements/go.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
		| $(BIN)/$(LOCK) - -o requirements/build.txt

demo: setup ; @$(BIN)/vcfm demo $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory docs

# The documentation as a site in site/, which needs no internet; a warning is an error (mkdocs.yml).
docs: setup ; NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# What can be known within a minute: no lab, no server, no other process. The tests are found by what their code starts.
check: setup lint
	$(BIN)/pytest --no-processes --numprocesses 2 --dist worksteal $(ARGS)

# The lab's parts are built before the tests, not in one of them: the first time takes longer than a test may. Who
# shares a lab stays in one process (tests/conftest.py); ARGS="-n 3" takes three.
test: setup lint
	$(BIN)/vcfm lab build
	$(BIN)/pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder --durations 20 $(ARGS)

# Apart from `make test`, since it costs more than a tenth; only code that runs in the tests' own processes counts.
coverage: setup
	$(BIN)/vcfm lab build
	$(BIN)/pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder --cov --cov-report=term:skip-covered $(ARGS)

generate: setup ; $(BIN)/python -m bridge.crd.definition deploy/crd
	$(BIN)/python -m reference docs/reference
	$(BIN)/python -m tests.e2e.record
	VCFM_RECORD=1 $(BIN)/pytest -q tests/workflows/test_commands.py

bench: setup ; $(BIN)/python -m tests.bench $(ARGS)

# Whole proofs on labs of their own; what each proves is in CONTRIBUTING.md. `make test` runs samples of them.
prove-rollback prove-crash prove-walks: prove-%: setup ; $(BIN)/python -m tests.prove.$* $(ARGS)

prove-bridge: setup ; $(BIN)/python -m tests.e2e.dialects $(ARGS)

prove-channels: setup ; $(BIN)/python -m tests.e2e.channels $(ARGS)

clean:
	-[ -x $(BIN)/vcfm ] && $(BIN)/vcfm lab down
	rm -rf .venv site .lab .vcfm .prove .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
