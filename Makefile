# Every target sets itself up: the first call makes a virtual environment, later calls reuse it.
# `make PYTHON=python3.12 test` takes another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Each process begins with a run of neighbouring tests, which have models and studies in common, and
# takes tests from others at the end.
PYTEST = $(BIN)/python -m pytest -n auto --dist worksteal
# Where the shell forbids Python to keep what it compiled, each process, and each program that a test
# starts, would compile all sources anew. An empty variable forbids nothing.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test quick slow icarus lint bench mutants docs clean model-tools

demo: $(VENV)/.installed
	$(BIN)/engram run cifar100 --out build/cifar100 --resume
	$(BIN)/engram teach

test: model-tools $(VENV)/.installed-dev
	$(PYTEST) -m "not slow"

quick: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow and not thorough"

slow: model-tools $(VENV)/.installed-dev
	$(PYTEST) -m slow

# X, which Verilator does not know; `make test` runs the longer benches on Icarus as well.
LONG := chip network sampler selector thermometer window
icarus: $(VENV)/.installed-dev
	@command -v iverilog >/dev/null || { echo "X needs iverilog: apt-get install iverilog"; exit 1; }
	$(PYTEST) -m "not slow" verification/rtl \
	  -k "icarus$(foreach bench,$(LONG), and not test_$(bench).py)"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright

bench: model-tools $(VENV)/.installed-dev
	$(BIN)/python -m verification.bench --out reports/bench

mutants: $(VENV)/.installed-dev
	$(BIN)/python -m verification.mutants

# -E reads every page anew: a page that is kept from the last time would not warn again.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -c docs -E -W --keep-going -q . build/docs
	@echo "the site begins at build/docs/index.html"

# Verilator writes C++ and a makefile, by programs in Perl.
model-tools:
	@for tool in g++ make perl; do \
	  command -v $$tool >/dev/null \
	    || { echo "the tests and benchmarks of rtl/ need $$tool: apt-get install $$tool"; exit 1; }; \
	done

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@

$(VENV)/.installed-docs: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

$(VENV)/bin/pip:
	@command -v $(PYTHON) >/dev/null \
	  || { echo "engram needs $(PYTHON): apt-get install python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "engram needs Python 3.11 or later: apt-get install python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "engram needs the venv module: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
