# One command each; `make help` lists them. All that is made lies in the checkout: the environment
# in .venv, caches in .make, the demonstration in demo.

# Python to set up with: the first that serves. `make setup PYTHON=python3.12` chooses another.
PYTHON ?=
# Processes that `make test` uses.
WORKERS ?= 2

BIN := .venv/bin
READY := .venv/.ready

# Nothing is written to the home folder, which may be missing or read-only.
export XDG_CACHE_HOME := $(CURDIR)/.make/cache
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

# An environment that was copied or moved here from another checkout still points to that one.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

.PHONY: help setup demo test golden accuracy bench beside memory positive-control check lock clean
.DEFAULT_GOAL := help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make the environment in .venv with the locked packages

$(READY): pyproject.toml requirements.lock hatch_build.py src/fusioncall/kernels.c
	@set -eu; \
	if [ "$$(cat $@ 2>/dev/null)" != "$(CURDIR)" ]; then \
	  for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	    if "$$python" -c "$$USABLE" 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$${found:-}" ]; then echo "$$NO_PYTHON" >&2; exit 1; fi; \
	  echo "Setting up .venv with $$("$$found" -c 'import sys; print(sys.executable)')"; \
	  "$$found" -m venv --clear .venv; \
	fi
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@echo "$(CURDIR)" > $@

demo: $(READY) ## run the workflow on the bundled data, show calls and answers
	$(BIN)/python -m snakemake --configfile tests/data/demo/config.yaml \
	  --replace-workflow-config --nolock
	@$(BIN)/python -c "$$SHOW" demo/results

test: $(READY) ## run the tests
	@$(BIN)/python -m pytest -n $(WORKERS)

golden: $(READY) ## write the expected tables of tests/golden anew; read the diff
	RENEW_GOLDEN=1 $(BIN)/python -m pytest -q tests/test_golden.py
	@git --no-pager diff --stat tests/golden

accuracy: $(READY) ## measure recall and false calls, write docs/benchmarks.md (about 20 minutes)
	$(BIN)/python -m benchmarks.accuracy --jobs $(WORKERS)

bench: $(READY) ## measure time and memory, write docs/speed.md (about an hour and a half)
	$(BIN)/python -m benchmarks.speed $(if $(QUALITIES),--qualities "$(QUALITIES)")

# FASTQ1 and FASTQ2: your negative reads; REFERENCE: the bundle; CONTROL: further options, for
# example CONTROL="--levels 2,5 --fusion ETV6:5-NTRK3:15"; OUT: a new folder.
positive-control: $(READY) ## plant fusions into your negative reads (FASTQ1, FASTQ2, REFERENCE)
	@test -n "$(FASTQ1)" -a -n "$(REFERENCE)" || { echo "$$NO_READS" >&2; exit 2; }
	$(BIN)/fusioncall control --fastq1 "$(FASTQ1)" $(if $(FASTQ2),--fastq2 "$(FASTQ2)") \
	  --reference "$(REFERENCE)" --out "$(or $(OUT),positive_control)" $(CONTROL)

# FUZZION2 and ARRIBA: checkouts in which these programs were built; either may be left out.
beside: $(READY) ## measure beside other callers, write docs/beside.md (FUZZION2, ARRIBA)
	$(BIN)/python -m benchmarks.beside $(if $(FUZZION2),--fuzzion2 "$(FUZZION2)") \
	  $(if $(ARRIBA),--arriba "$(ARRIBA)")

memory: $(READY) ## measure memory by size of the genome, write docs/memory.md (about an hour)
	$(BIN)/python -m benchmarks.memory --genome 0.0324,0.13 --exons 0.0324,1 --steps 0.0324,1

check: $(READY) ## format, lint and types of the library and the workflow
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy --strict
	$(BIN)/python -m snakefmt --check Snakefile workflow
	$(BIN)/python -m snakemake --lint
	$(BIN)/python -m snakemake --snakefile workflow/Snakefile --lint

lock: ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --all-extras pyproject.toml -o requirements.lock

clean: ## remove the environment, caches and the demonstration; results/ stays
	rm -rf .venv .make demo .pytest_cache .mypy_cache .ruff_cache .hypothesis

define USABLE
import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info < (3, 14))
endef
export USABLE

define NO_READS
Name your negative reads and the reference bundle:
  make positive-control FASTQ1=n_1.fq.gz FASTQ2=n_2.fq.gz REFERENCE=GRCh38
endef
export NO_READS

define NO_PYTHON
No Python 3.11, 3.12 or 3.13 with the venv and ensurepip modules was found.
Install one (on Debian and Ubuntu: apt-get install python3 python3-venv), or name it:
  make setup PYTHON=/path/to/python3.12
endef
export NO_PYTHON

define SHOW
import csv, itertools, pathlib, sys
shown = {
    "fusions.tsv": ("sample", "fusion", "breakpoint5", "breakpoint3", "split_molecules",
                    "spanning_molecules", "confidence", "class"),
    "verdicts.tsv": ("sample", "gene", "status", "reason"),
}
results = pathlib.Path(sys.argv[1])
for name, columns in shown.items():
    rows = [columns]
    with (results / "cohort" / name).open(newline="") as stream:
        rows += [tuple(row[column] for column in columns)
                 for row in csv.DictReader(itertools.islice(stream, 1, None), delimiter="\t")]
    widths = [max(map(len, column)) for column in zip(*rows)]
    print(f"\n{name} of all samples")
    for row in rows:
        print("  ".join(map(str.ljust, row, widths)).rstrip())
print(f"\nAll results: {results.resolve()}, to begin with: cohort/cohort.html")
endef
export SHOW
