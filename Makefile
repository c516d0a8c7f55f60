# One way to run things; CI runs `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
IMAGE ?= aml-agent:latest
LAYOUT ?= .artifacts/aml-agent

# Compiled tests are kept: to collect them takes half the time then.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-fast lint tools bench docs clean
.PHONY: docker-build docker-build-prod docker-build-fast docker-layers docker-size

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

tools: ## install the programs that tests and the demo use (Debian, root); elsewhere they are skipped
	@if [ -x scripts/setup-test-tools.sh ]; then scripts/setup-test-tools.sh; fi

demo: $(VENV)/.installed tools ## build examples/aml-agent, train a model in it, ask for a prediction
	$(BIN)/python scripts/demo.py --image $(IMAGE) --layout $(LAYOUT)

lint: $(VENV)/.installed ## format, lint, types, import contracts
	$(BIN)/ruff format --check --quiet src tests scripts benchmarks
	$(BIN)/ruff check --quiet src tests scripts benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

test: lint tools ## everything that CI runs
	$(BIN)/python -m pytest -n 2 --dist loadscope

test-fast: $(VENV)/.installed ## the tests that take a moment: no engine, no large image, no browser
	$(BIN)/python -m pytest -n 3 -m "not slow"

docs: $(VENV)/.installed ## make a site of the documentation, in .artifacts/docs
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs . .artifacts/docs

bench: $(VENV)/.installed tools ## measure against Dockerfiles on a real BuildKit; rewrites benchmarks/results
	command -v mmdebstrap >/dev/null || apt-get install -y -qq --no-install-recommends mmdebstrap
	$(BIN)/python -m benchmarks

docker-build: ## examples/aml-agent's own target; so are docker-build-prod, docker-build-fast, docker-layers, docker-size
docker-build docker-build-prod docker-build-fast docker-layers docker-size: $(VENV)/.installed
	$(MAKE) --no-print-directory -C examples/aml-agent LAMINA=$(CURDIR)/$(BIN)/lamina $@

requirements-dev.txt: ## pin the development tools again (delete it first)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group dev pyproject.toml -o $@

clean:
	rm -rf $(VENV) .artifacts .cache
