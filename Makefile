# Needs only Python 3.11, 3.12 or 3.13 and make; `make up` installs the rest. Works with GNU make 3.81 (macOS) and newer.

# Use another interpreter: make PYTHON=/path/to/python up
PYTHON ?=

# Use another virtual environment, one for each Python: make VENV=.venv-3.13 PYTHON=python3.13 test
VENV := .venv
BIN := $(VENV)/bin

# Arguments for pytest: make test PYTEST_ARGS='-x tests/db'
PYTEST_ARGS ?=

# Upgrade dependencies: make lock LOCK_ARGS=--upgrade
LOCK_ARGS ?=

# Arguments for the reproduction: make reproduce REPRODUCE_ARGS='--data DIR --only iris-keras,binary-adder --url URL'
REPRODUCE_ARGS ?=

# Arguments for the benchmarks: make bench-training BENCH_ARGS='--quick --cases iris-keras,binary-adder --output result.json'
BENCH_ARGS ?=

# Arguments for the faults: make mutants MUTANTS_ARGS='core/specs models/objectives/losses.py --most 20'
MUTANTS_ARGS ?=

# Arguments for the fault matrix: make test-faults FAULTS_ARGS='--minutes 10 --only kill-trainer,storm --backends sqlite'
FAULTS_ARGS ?=

# Requests of make fuzz for each operation and phase
FUZZ_EXAMPLES ?= 100

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r

.PHONY: help up demo stack test test-compose test-faults mutants fuzz lint types same-python bench-training bench-batch bench-plans bench-ingest bench-streaming bench-stack bench-ideas bench-requests bench-serving bench-records bench-checkpoints bench-recovery soak-serving reproduce lock lock-peers clean

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

up: $(VENV)/service.stamp ## install dependencies, then run API and worker until Ctrl-C
	@exec $(BIN)/python -m launch

demo: $(VENV)/service.stamp ## train the binary adder on the running service, then add two numbers with it
	$(BIN)/trainyard run binary-adder --watch
	$(BIN)/trainyard predict binary-adder '{"a": 45, "b": 77}'

stack: .env ## build and start everything in containers: needs Docker only, no Python
	docker compose up --build

.env:
	deploy/new-env

test: $(VENV)/dev.stamp lint ## check style, types and imports, then run all tests except those that need containers
	$(BIN)/python -m pytest -n 2 --dist loadscope --ignore=tests/compose $(PYTEST_ARGS)

test-compose: $(VENV)/dev.stamp ## build the images, start docker-compose.yml and test failures of its parts
	$(BIN)/python -m pytest tests/compose --timeout 1800 $(PYTEST_ARGS)

test-faults: $(VENV)/dev.stamp ## kill, freeze and starve real services for 30 minutes, and print what became of their runs
	$(BIN)/python -m faults $(FAULTS_ARGS)

mutants: $(VENV)/dev.stamp ## put faults into the code, one at a time, and list those that no test notices; takes hours
	$(BIN)/python -m mutants $(MUTANTS_ARGS)

lint: $(VENV)/dev.stamp ## check style, types and imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-training: $(VENV)/service.stamp ## compare training with stock Keras, in the engine and through the service
	$(BIN)/python -m benchmarks.training $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.training_service $(BENCH_ARGS)

bench-streaming: $(VENV)/service.stamp ## measure the memory of training on tables of growing size
	$(BIN)/python -m benchmarks.streaming $(BENCH_ARGS)

bench-recovery: $(VENV)/service.stamp ## measure the time to the next run after one was cancelled, failed or killed
	$(BIN)/python -m benchmarks.recovery $(BENCH_ARGS)

bench-stack: $(VENV)/dev.stamp ## measure image sizes, and the time from `up` to the first prediction
	$(BIN)/python -m benchmarks.cold_start $(BENCH_ARGS)

bench-ideas: $(VENV)/service.stamp ## measure the effect of each optimization on a training step
	$(BIN)/python -m benchmarks.training_ideas $(BENCH_ARGS)

bench-checkpoints: $(VENV)/service.stamp ## measure what checkpoints take of a training's time
	$(BIN)/python -m benchmarks.checkpoints $(BENCH_ARGS)

bench-requests: $(VENV)/service.stamp ## measure what requests take of the service's own time, and the modules they pass through
	$(BIN)/python -m benchmarks.requests $(BENCH_ARGS)
	$(BIN)/python -m benchmarks.prediction_steps
	$(BIN)/python -m benchmarks.modules

bench-serving: $(VENV)/service.stamp ## compare predictions over HTTP with MLServer, BentoML, LitServe, mlflow and bare ASGI
	$(BIN)/python -m benchmarks.serving $(BENCH_ARGS)

bench-records: $(VENV)/service.stamp ## compare keeping and finding runs and metrics with an mlflow server
	$(BIN)/python -m benchmarks.records $(BENCH_ARGS)

soak-serving: $(VENV)/service.stamp ## send 10 minutes of mixed requests to more models than fit into memory, and check each answer
	$(BIN)/python -m benchmarks.serving.soak $(BENCH_ARGS)

bench-ingest: $(VENV)/bench.stamp ## compare reading uploads with pandas and polars: rows a second and memory
	$(BIN)/python -m benchmarks.ingest $(BENCH_ARGS)

bench-batch: $(VENV)/bench.stamp ## compare batch prediction with scripts of pandas and polars: rows a second and memory
	$(BIN)/python -m benchmarks.batch_prediction $(BENCH_ARGS)

bench-plans: $(VENV)/service.stamp ## compare the automatic plan with every other plan and stock Keras
	$(BIN)/python -m benchmarks.training_plans $(BENCH_ARGS)

reproduce: $(VENV)/dev.stamp ## train the whole catalogue and write docs/catalogue.md; trains only what is missing or has changed
	$(BIN)/python -m reproduction $(REPRODUCE_ARGS)

types: $(VENV)/dev.stamp ## write the client's types of responses again after a change to the API's schemas
	$(BIN)/python -m api.client_types

fuzz: $(VENV)/dev.stamp ## send the service requests drawn from its OpenAPI document: 100 for each operation and phase
	TRAINYARD_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/api/openapi/test_fuzzing.py --timeout 7200 $(PYTEST_ARGS)

lock: $(VENV)/dev.stamp ## pin every dependency again after a change to pyproject.toml
	$(LOCK) $(LOCK_ARGS) --extra api --extra worker --extra dev --output-file requirements/dev.txt pyproject.toml requirements/build.in
	for extra in api worker worker-gpu; do \
		$(LOCK) $(LOCK_ARGS) --extra $$extra --constraints requirements/dev.txt --output-file requirements/$$extra.txt pyproject.toml || exit 1; \
	done
	$(LOCK) $(LOCK_ARGS) --extra bench --constraints requirements/dev.txt --output-file requirements/bench.txt pyproject.toml
	$(LOCK) $(LOCK_ARGS) --constraints requirements/dev.txt --output-file requirements/base.txt pyproject.toml
	$(LOCK) $(LOCK_ARGS) --constraints requirements/dev.txt --output-file requirements/build.txt requirements/build.in
	$(LOCK) $(LOCK_ARGS) --output-file requirements/clients.txt requirements/clients.in
	$(LOCK) $(LOCK_ARGS) --output-file requirements/tools.txt requirements/tools.in

lock-peers: $(VENV)/dev.stamp ## pin the servers that bench-serving and bench-records compare with again, after a change to their .in files
	for given in benchmarks/serving/requirements/*.in; do \
		$(LOCK) $(LOCK_ARGS) --output-file "$${given%.in}.txt" "$$given" || exit 1; \
	done

clean: ## remove installed and cached files; your data in var/ stays
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Reject a virtual environment of another Python than the one that PYTHON names.
same-python:
	@version='import sys; print("%d.%d" % sys.version_info[:2])'; \
	if [ -n "$(PYTHON)" ] && held=$$($(BIN)/python -c "$$version" 2>/dev/null); then \
		named=$$("$(PYTHON)" -c "$$version" 2>/dev/null) || named=; \
		if [ -z "$$named" ]; then \
			echo "trainyard: PYTHON=$(PYTHON) does not run. Name a Python 3.11, 3.12 or 3.13." >&2; \
			exit 1; \
		elif [ "$$held" != "$$named" ]; then \
			echo "trainyard: $(VENV) holds Python $$held; PYTHON=$(PYTHON) is $$named." >&2; \
			echo "Keep both: make VENV=.venv-$$named PYTHON=$(PYTHON), or start afresh: make clean" >&2; \
			exit 1; \
		fi; \
	fi

# A complete virtual environment is kept, whoever created it.
$(VENV)/made.stamp: | same-python
	@suitable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
	if [ -e $(BIN)/python ] && ! $(BIN)/python -c "$$suitable"; then \
		echo "trainyard: $(VENV) has another Python than 3.11, 3.12 or 3.13. Remove it: make clean" >&2; \
		exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		incomplete=; chosen=; \
		for candidate in $(if $(PYTHON),"$(PYTHON)",python3.11 python3.12 python3.13 python3 python); do \
			"$$candidate" -c "$$suitable" 2>/dev/null || continue; \
			if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then chosen=$$candidate; break; fi; \
			incomplete=$${incomplete:-$$candidate}; \
		done; \
		if [ -z "$$chosen" ] && [ -n "$$incomplete" ]; then \
			echo "trainyard: $$incomplete cannot create virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
			exit 1; \
		elif [ -z "$$chosen" ]; then \
			echo "trainyard: found no Python 3.11, 3.12 or 3.13$(if $(PYTHON), in PYTHON=$(PYTHON)). Install one, or name it: make PYTHON=/path/to/python" >&2; \
			exit 1; \
		fi; \
		echo "Creating $(VENV) with $$chosen"; \
		"$$chosen" -m venv $(VENV) || exit 1; \
	fi
	@touch $@

# The project is installed last, in editable mode and with the pinned build backend, so that no index is needed.
$(VENV)/service.stamp: $(VENV)/made.stamp requirements/api.txt requirements/worker.txt requirements/build.txt pyproject.toml
	@echo "Installing requirements/api.txt and requirements/worker.txt; the first time this downloads about 0.5 GB"
	$(INSTALL) requirements/api.txt -r requirements/worker.txt -r requirements/build.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Runs after the target above, never in parallel with it, also under make -j. The file lists all there is to install: its
# tools do not agree on the version of typer, see [tool.uv] in pyproject.toml.
$(VENV)/bench.stamp: $(VENV)/service.stamp requirements/bench.txt
	$(INSTALL) requirements/bench.txt
	@touch $@

$(VENV)/dev.stamp: $(VENV)/service.stamp requirements/dev.txt
	$(INSTALL) requirements/dev.txt --no-deps
	@touch $@
