# Every target sets up what it needs; keys pass through: make verify depth=2 order=4
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python
PIP = $(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
KEYS = $(filter-out PYTHON=% VENV=%,$(MAKEOVERRIDES))
export MPLBACKEND ?= Agg

.PHONY: gallery verify test check bench power sweep fuzz statements doors interrupts kills mutants docs help clean
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[data,sweep]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) --editable '.[dev]'
	@touch $@

verify: $(VENV)/.run  ## the main job, python -m verify depth=4; keys pass through
	$(RUN) -m verify $(if $(depth),,depth=4) $(KEYS)

test: $(VENV)/.dev  ## the test suite
	$(RUN) -m pytest -n 2

test-long: $(VENV)/.dev  ## the long suites: planted conjectures, experiments, the site
	$(RUN) -m pytest -n 2 tests/power tests/experiments tests/docs

check: $(VENV)/.dev  ## linter, formatter, type checker, walls between the rooms
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev  ## speed, as ratios measured in one run (trainer and flows: 1 thread, float64; whole runs of verify: all cores)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) benchmarks/numerics_trainer.py
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) benchmarks/numerics_flow.py
	$(RUN) benchmarks/verify_runs.py

power: $(VENV)/.dev  ## conjectures of known truth over many seeds; goes on where it stopped; make power seeds=20 minutes=60
	OMP_NUM_THREADS=1 $(RUN) tests/power/figures.py write=docs/power.md $(KEYS)

sweep: $(VENV)/.dev  ## the built-in claims in 200 cells and seeds, about an hour; make sweep runs=40
	OMP_NUM_THREADS=1 $(RUN) tests/power/built_in.py write=docs/built_in.md $(KEYS)

fuzz: doors statements  ## both fuzzers, doors and statements; make fuzz seed=17 minutes=15

statements: $(VENV)/.dev  ## random true and false conjectures and built-in claims in random cells; make statements seed=17 minutes=10
	OMP_NUM_THREADS=1 $(RUN) tests/fuzz/fuzz.py $(filter-out inputs=% jobs=% only=%,$(KEYS))

doors: $(VENV)/.dev  ## hostile command lines, data, conjecture and counterexample files; make doors seed=17 inputs=2000 minutes=15
	OMP_NUM_THREADS=1 $(RUN) tests/fuzz/doors/fuzz.py $(KEYS)

interrupts: $(VENV)/.dev  ## Ctrl-C at random moments of start-up and judging; make interrupts times=100
	$(RUN) tests/fuzz/doors/interrupts.py $(KEYS)

kills: $(VENV)/.dev  ## kill -9 at random moments of runs, sweeps, experiments and grids; make kills times=200 only=sweep
	$(RUN) tests/fuzz/doors/kills.py $(KEYS)

mutants: $(VENV)/.dev  ## bugs planted one at a time: does the main job or a test notice? make mutants jobs=2 only='theory-*'
	OMP_NUM_THREADS=1 $(RUN) tests/mutants/run.py write=docs/mutants.md $(KEYS)

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs  ## the site in docs/_build, without warnings and without network
	$(RUN) -m sphinx -W --keep-going -q -b html docs docs/_build

gallery: $(VENV)/.run  ## all quick experiments for two seed sets into docs/gallery (pictures, findings.md); jobs=2
	OMP_NUM_THREADS=1 $(RUN) -m numerics experiment=all profile=quick seed=0,1 jobs=$(or $(jobs),2) out=out/experiments gallery=docs/gallery

clean:  ## remove the environment and caches
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
