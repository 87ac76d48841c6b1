# Two commands matter: `make demo` and `make test`. Both set up what they need, once.
PYTHON ?= python3
UV_VENV := .uv
FOLDER ?= release
BIN := .venv/bin
# Images of Python tend to set it: each start of Python would then compile all that it imports, azure-ai-ml for seconds.
unexport PYTHONDONTWRITEBYTECODE
UV := $(shell command -v uv 2>/dev/null || echo $(UV_VENV)/bin/uv)
CONTEXTS := environments/train environments/serve environments/register $(wildcard tests/environments/*)
# Networks are optional: PyTorch's package alone is some gigabytes.
FRAMEWORKS := environments/train-torch environments/train-tensorflow
LOCKED := environments/cli environments/sources environments/dev environments/uv environments/checkov environments/audit environments/spark environments/register environments/train $(FRAMEWORKS) environments/notebook environments/serve src/azureml_local/tracking $(wildcard tests/environments/*)
# checkov judges what Bicep evaluates: without Bicep there is nothing for it, and its tests are skipped.
CHECKOV := $(if $(shell command -v bicep 2>/dev/null || ls $(HOME)/.azure/bin/bicep 2>/dev/null),.checkov/.done)
SNAPSHOTS := $(patsubst %,tests/infra/snapshots/%.json,bootstrap dev staging prod registry)

MADE := .venv $(UV_VENV) .checkov .audit .notebook .spark

.PHONY: demo test test-frameworks spark-test notebook cli tools setup infra-test infra-docs audit sbom stop check lint types imports workflows locks locks-check environments hooks clean help
.DEFAULT_GOAL := help

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1|/p' $(MAKEFILE_LIST) | column -t -s '|'

demo: .venv/.cli ## train, gate, register, deploy and score on this machine (DATA=PATH: on your own transactions)
	@$(BIN)/mlops demo $(if $(DATA),--data "$(DATA)")

test: .venv/.dev environments $(CHECKOV) ## run every test
	@$(BIN)/pytest $(ARGS)

spark-test: .venv/.dev .spark/.done ## compute the features by Spark SQL too, and compare (needs Java 17 or newer)
	@$(BIN)/pytest tests/unit/fraud/test_spark.py $(ARGS)

test-frameworks: .venv/.dev environments ## run the tests of the networks (PyTorch, TensorFlow: some gigabytes)
	@$(BIN)/mlops local build $(FRAMEWORKS)
	@FRAMEWORKS=1 $(BIN)/pytest -m frameworks $(ARGS)

stop: .venv/.cli ## end the local Azure ML and everything it started
	@$(BIN)/mlops local stop

cli: .venv/.cli ## set up the command mlops, and nothing else

tools: .venv/.dev ## set up what `make check` needs, and nothing else

setup: .venv/.dev environments $(CHECKOV) ## set up everything, and nothing else

notebook: .notebook/.done ## open notebooks/explore.ipynb with all that the steps import
	@.notebook/bin/jupyter lab notebooks/explore.ipynb

environments: .venv/.cli ## build the environments of the steps, so that tests need no network
	@$(BIN)/mlops local build --tracking $(CONTEXTS)

soak: .venv/.dev environments ## the long forms: a release broken off at every call; a release under load
	@RELEASE_SOAK=1 $(BIN)/pytest -n 0 -q -rP --show-capture=stdout tests/release/test_crash.py tests/release/test_load.py $(ARGS)

check: lint types imports workflows locks-check ## what continuous integration checks besides the tests

hooks: ## run `make check` before each commit
	@hook="$$(git rev-parse --git-path hooks/pre-commit)"; own='#!/bin/sh\nexec make --no-print-directory check\n'; \
	if [ -e "$$hook" ] && [ "$$(printf "$$own")" != "$$(cat "$$hook")" ]; then \
		echo "$$hook is your own and stays: let it run 'make check'" >&2; exit 1; fi; \
	mkdir -p "$$(dirname "$$hook")" && printf "$$own" > "$$hook" && chmod +x "$$hook" && echo "made $$hook"

infra-test: .venv/.dev $(CHECKOV) ## build, lint and judge the infrastructure (needs bicep)
	@$(BIN)/pytest tests/infra $(ARGS)

infra-docs: .venv/.cli ## draw the infrastructure and price it anew, from the reviewed snapshots
	@$(BIN)/python -m mlops.infra.diagram $(SNAPSHOTS) > docs/infrastructure-diagram.md
	@$(BIN)/python -m mlops.cost.page $(SNAPSHOTS) > docs/costs.md

audit: .venv/.dev .audit/.done ## look for what is known to be unsafe in locks and workflows (asks the network)
	@for lock in $(LOCKED:%=%/requirements.txt); do echo "$$lock" && .audit/bin/pip-audit --progress-spinner off \
		--require-hashes --disable-pip --requirement "$$lock" || exit 1; done
	@$(BIN)/zizmor --pedantic .github

sbom: .audit/.done ## write a bill of the materials of what an endpoint runs (FOLDER=…)
	@mkdir -p "$(FOLDER)" && .audit/bin/cyclonedx-py requirements environments/serve/requirements.txt \
		--output-reproducible --output-format JSON --output-file "$(FOLDER)/sbom.cdx.json"

lint: .venv/.dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: .venv/.dev
	@$(BIN)/mypy

imports: .venv/.dev
	@$(BIN)/lint-imports --no-logo

workflows: .venv/.dev
	@$(BIN)/actionlint && $(BIN)/zizmor --offline --quiet --pedantic .github

locks: .venv/.cli ## make the locks anew from their sources (UPGRADE=1: with newer versions)
	@for folder in $(LOCKED); do (cd $$folder && $(CURDIR)/$(BIN)/uv pip compile \
		--quiet --universal --generate-hashes --python-version 3.11 --no-header $(if $(UPGRADE),--upgrade) \
		requirements.in --output-file requirements.txt) || exit 1; done

locks-check: locks
	@git diff --exit-code --stat -- $(LOCKED:%=%/requirements.txt) || (echo "locks differ from their sources: commit what 'make locks' made" >&2; exit 1)

.spark/.done: environments/spark/requirements.txt | .venv/.cli
	@echo "setting up Spark in .spark"
	@$(UV) venv --quiet --python .venv/bin/python --allow-existing .spark
	@VIRTUAL_ENV=.spark $(UV) pip sync --quiet --require-hashes environments/spark/requirements.txt
	@touch $@

clean: ## stop everything and remove what was set up, and nothing else
	@if [ -x $(BIN)/mlops ]; then $(BIN)/mlops local reset --yes --environments; fi
	@for folder in $(MADE); do if [ -f $$folder/pyvenv.cfg ]; then rm -rf $$folder; fi; done

$(UV_VENV)/bin/uv: environments/uv/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; %s is %d.%d. Try: make PYTHON=python3.12" % (sys.executable, *sys.version_info[:2]))'
	@echo "installing uv into $(UV_VENV)"
	@$(PYTHON) -m venv $(UV_VENV)
	@$(UV_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r environments/uv/requirements.txt
	@touch $@

.venv/bin/python: | $(if $(findstring $(UV_VENV),$(UV)),$(UV_VENV)/bin/uv)
	@$(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" --allow-existing .venv

.venv/.cli: environments/cli/requirements.txt pyproject.toml | .venv/bin/python
	@echo "setting up .venv"
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --require-hashes -r environments/cli/requirements.txt
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: environments/dev/requirements.txt | .venv/.cli
	@echo "setting up the test tools in .venv"
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --require-hashes -r environments/dev/requirements.txt
	@touch $@

.checkov/.done: environments/checkov/requirements.txt | .venv/.cli
	@echo "setting up checkov in .checkov"
	@$(UV) venv --quiet --python .venv/bin/python --allow-existing .checkov
	@VIRTUAL_ENV=.checkov $(UV) pip sync --quiet --require-hashes environments/checkov/requirements.txt
	@touch $@

.audit/.done: environments/audit/requirements.txt | .venv/.cli
	@echo "setting up pip-audit and cyclonedx-bom in .audit"
	@$(UV) venv --quiet --python .venv/bin/python --allow-existing .audit
	@VIRTUAL_ENV=.audit $(UV) pip sync --quiet --require-hashes environments/audit/requirements.txt
	@touch $@

.notebook/.done: environments/notebook/requirements.txt | .venv/.cli
	@echo "setting up JupyterLab in .notebook"
	@$(UV) venv --quiet --python .venv/bin/python --allow-existing .notebook
	@VIRTUAL_ENV=.notebook $(UV) pip sync --quiet --require-hashes environments/notebook/requirements.txt
	@touch $@
