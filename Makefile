# Two commands: `make verify` checks the theorems and writes the report, `make test` runs the tests.
PYTHON ?= python3
BIN := .venv/bin
# uv installs in a fifth of pip's time; where it cannot, pip may, which knows the settings of its user.
# What is never imported need not be compiled: half of pip's time.
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
install = $(PIP) uv && $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '$(1)' \
  || $(PIP) --editable '$(1)'
PROFILE ?= standard
REPORT ?= verify-report
# Theorems that were finished before are kept; FRESH=1 tries them again.
FRESH ?=
# HUNT=100 searches each claim for the case that brings it closest to failing, among so many, and reports how tight it is.
HUNT ?=
# CLUSTER=tcp://scheduler:8786 tries the parts of theorems on the workers of a scheduler of Dask, local:2 in two processes.
CLUSTER ?=
# DEVICE=gpu computes on the GPU, DEVICE=cpu beside one.
DEVICE ?=
# Processes that check theorems at once; each has its share of the cores. One, on a GPU.
WORKERS ?= $(if $(filter gpu,$(DEVICE)),1,auto)
# Each process begins with a part of its own, in which programs are shared, and at the end takes from the other's.
SHARED := --dist worksteal
# FEW=2 plants two bugs instead of all, other ones at the next commit.
FEW ?=

# Compiled programs are kept: a third of the time of a first run goes into them. They are this processor's own, hence
# the checksum in the name; the bound on the size makes jax lock the folder, which several processes share.
export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.jax_cache/$(shell grep -m1 flags /proc/cpuinfo 2>/dev/null | cksum | cut -d' ' -f1)
export JAX_COMPILATION_CACHE_MAX_SIZE ?= 2000000000
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS ?= 0.2

# Compiled modules are kept, whatever the surroundings say: without, each process spends seconds on compiling jax's again.
export PYTHONDONTWRITEBYTECODE :=

# What `make lowest` and `make newest` try.
TESTS ?= tests

.PHONY: verify test lint types floors quick docs bench gpu mutants index wheel lowest newest clean

# The shell outlives Ctrl-C, so that what was finished is reported.
verify: .venv/.installed
	$(if $(and $(CLUSTER),$(HUNT)),$(error HUNT searches on this machine only: leave CLUSTER or HUNT away))
	@trap : INT; \
	  $(if $(CLUSTER),$(BIN)/verify check --all --cluster=$(CLUSTER),$(BIN)/pytest properties -v -n $(WORKERS) $(SHARED) \
	    -p no:cacheprovider) --profile=$(PROFILE) --report-dir=$(REPORT) $(if $(FRESH),--fresh) \
	    $(if $(DEVICE),--device=$(DEVICE)) $(if $(HUNT),--hunt=$(HUNT)); \
	  status=$$?; $(BIN)/verify report --report-dir=$(REPORT) && exit $$status

test: .venv/.installed
	$(BIN)/pytest tests -q -n $(WORKERS) --dist loadfile --max-worker-restart 0

# The stamp is renewed only when the dependencies change, so a second call installs nothing.
.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(call install,.[test])
	@touch $@

.venv/.dev: .venv/.installed
	$(call install,.[dev])
	@touch $@

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/.dev
	$(BIN)/pyright

floors: .venv/.dev
	$(BIN)/lint-imports

quick: .venv/.installed
	$(BIN)/pytest properties -q -n $(WORKERS) $(SHARED) --profile=quick --report-dir=$(REPORT)-quick

# After the other, since two pips at once break an environment.
.venv/.docs: .venv/.dev
	$(call install,.[docs])
	@touch $@

# The site, with the findings of the last `make verify` if there are any; the build needs no network.
docs: .venv/.docs
	NO_MKDOCS_2_WARNING=1 REPORT=$(REPORT) $(BIN)/python -m mkdocs build --quiet
	@echo "site: site/index.html"

bench: .venv/.installed
	$(BIN)/python -m benchmarks

.venv/.cuda: .venv/.installed
	$(call install,.[cuda])
	@touch $@

# All that waits for a machine with a GPU: the engine from 1 to 16384 datasets, theorems on Adam, and the phase diagram of the
# CNN at the size of its paper. It ends at once where there is no GPU; what was finished is kept.
gpu: .venv/.cuda
	mkdir -p $(REPORT)-gpu
	$(BIN)/python -m benchmarks --only engine --platform gpu --sizes 1,64,1024,16384 --json $(REPORT)-gpu/engine.json
	$(BIN)/pytest properties/zhang2024 -v -p no:cacheprovider --device=gpu --profile=$(PROFILE) --report-dir=$(REPORT)-gpu; \
	  status=$$?; $(BIN)/verify gallery zou2023-phase --report-dir=$(REPORT)-gpu -o n=200 -o d=1000 -o m=20 -o noise=1 \
	    -o sigma_0=0.01 -o eta=5e-5 -o steps=10000 -o points=10000 && $(BIN)/verify report --report-dir=$(REPORT)-gpu && \
	  exit $$status

# Bugs planted one by one in copies of the tree, each of which a theorem or a test must notice; a run that was
# interrupted goes on. A run of all of them writes the page of the documentation.
mutants: .venv/.installed
	$(BIN)/python -m tests.mutants $(if $(FEW),--few $(FEW),--write docs/mutants.md) \
	  $(if $(filter-out auto,$(WORKERS)),--workers $(WORKERS))

# The wheel, built and used in an environment and a folder of its own.
wheel: .venv/.dev
	.ci/wheel

# The tests with the lowest versions that pyproject.toml allows, and with the newest, each in an environment of its own.
lowest newest: .venv/.dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$@
	$(BIN)/uv pip install --quiet --python .venv-$@ --resolution $(if $(filter lowest,$@),lowest-direct,highest) \
	  --editable '.[test]'
	.venv-$@/bin/python -m pytest $(TESTS) -q -n $(WORKERS)

clean:
	rm -rf .venv .venv-lowest .venv-newest site verify-report verify-report-quick .hypothesis .pytest_cache .ruff_cache .jax_cache .mutants.jsonl

# What `verify list` shows, kept beside the claims so that listing them imports none of them.
index: .venv/.installed
	$(BIN)/python -m verify.claims.index properties
