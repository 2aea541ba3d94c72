STACK ?= local
# More words for run.py: make run ARGS="--no-deploy".
ARGS ?=
VENV := .venv
# The training environment is pinned for Python 3.11.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
# uv does not read pip's settings: hand over where pip would look for wheels.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# Without compiled bytecode each ZenML process compiles thousands of modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check sbom fix unit bench pictures lock proto image push digest clean nightly soak

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Set up, then train, gate and deploy on STACK (local).
	@for file in $$($(PY) -m stacks.requirements $(STACK)); do \
		$(UV) pip install --quiet --compile-bytecode --python $(PY) -r $$file || exit 1; \
	done
	$(PY) run.py --stack $(STACK) $(ARGS)

# More at a time are faster where there are cores and memory for them.
WORKERS ?= 2
test: $(VENV)/.dev ## Set up, then run every test.
	$(PY) -m pytest -n $(WORKERS)

nightly: $(VENV)/.dev ## The tests that take too long for each change.
	$(PY) -m pytest -m nightly -n $(WORKERS)

MINUTES ?= 30
soak: $(VENV)/.dev ## A server and its loop under load for MINUTES (30).
	$(PY) -m tests.chaos.soak --minutes $(MINUTES) --write

unit: $(VENV)/.dev ## The unit tests alone: seconds, and no ZenML store.
	$(PY) -m pytest tests/unit

check: $(VENV)/.dev ## Lint, types and the arrows between the rooms.
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive run.py $(ROOMS)
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(VENV)/bin/zizmor --offline --quiet .github

ROOMS = commands pipelines steps stacks serving

# What an image is given, as CycloneDX: an SBOM for the steps and one for the server.
sbom: $(VENV)/.dev ## Write what the images hold as sbom/*.json.
	mkdir -p sbom
	for each in requirements serving/requirements serving/s3-requirements; do \
		$(VENV)/bin/cyclonedx-py requirements $$each.txt --pyproject pyproject.toml --mc-type application \
			--of JSON --output-reproducible -o sbom/$$(echo $$each | tr / -).cdx.json || exit 1; \
	done

fix: $(VENV)/.dev ## Format, and mend what the linter can mend.
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.dev ## Measure side by side and write docs/benchmarks.md.
	$(PY) -m benchmarks

pictures: $(VENV)/.dev ## Take the README's pictures anew.
	$(PY) -m tests.pictures

# A newer pin is taken only where an .in file lets it: `make lock UPGRADE=--upgrade`.
COMPILE = $(UV) pip compile --quiet --upgrade-package torch $(UPGRADE) --python-version 3.11 --no-header \
	--no-emit-find-links --no-emit-index-url --custom-compile-command "make lock"
# torch is resolved as its CPU build, where the index has one, and pinned without the local version:
# an index may not have it, and the CUDA packages are left to torch itself.
NO_LOCAL = sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/'

# What only some stacks need: a file each, which stacks/requirements.py names.
EXTRAS = s3 kubernetes kubeflow aws azure gcp

lock: $(UV) ## Renew the pins of every environment.
	$(COMPILE) requirements.in -o requirements.txt && $(NO_LOCAL) requirements.txt
	for extra in $(EXTRAS); do \
		$(COMPILE) requirements-$$extra.in -o requirements-$$extra.txt && $(NO_LOCAL) requirements-$$extra.txt || exit 1; \
	done
	$(COMPILE) requirements-dev.in -o requirements-dev.txt && $(NO_LOCAL) requirements-dev.txt
	cd tests/airflow && $(COMPILE:$(VENV)%=../../$(VENV)%) requirements.in -o requirements.txt
	cd serving && $(COMPILE:$(VENV)%=../$(VENV)%) requirements.in -o requirements.txt
	cd serving && $(COMPILE:$(VENV)%=../$(VENV)%) s3-requirements.in -o s3-requirements.txt
	cd serving && $(COMPILE:$(VENV)%=../$(VENV)%) --override seldon-overrides.txt \
		seldon-requirements.in -o seldon-requirements.txt

# In an environment of its own: its protobuf is another than the server's.
proto: $(UV) ## Compile the gRPC protocol's description.
	cd serving/grpc && ../../$(UV) run --quiet --no-project --python 3.11 --with grpcio-tools==1.67.1 \
		python -m grpc_tools.protoc -I. --descriptor_set_out=open_inference.binpb open_inference.proto

# The server's image, for clusters: the same that the deployers of this machine build by themselves.
IMAGE ?= switchyard-serving
TAG ?= latest
image: ## Build the server's image as IMAGE:TAG.
	docker build -f serving/Dockerfile --build-arg REMOTE=s3 -t $(IMAGE):$(TAG) .

push: ## Push it to the registry that IMAGE names.
	docker push $(IMAGE):$(TAG)

digest: ## Print the digest that the registry gave it.
	@docker image inspect --format '{{index .RepoDigests 0}}' $(IMAGE):$(TAG) | cut -d@ -f2

clean: ## Remove the virtual environment and the caches.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet uv

# ZenML's own command loads the flavors of this project, from whichever directory it is called.
PATH_FILE = $(PY) -c "import site; open(site.getsitepackages()[0] + '/switchyard.pth', 'w').write('$(CURDIR)')"

$(VENV)/.run: requirements.txt | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(PY) -r requirements.txt
	@$(PATH_FILE)
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(PY) -r requirements-dev.txt
	@$(PATH_FILE)
	@touch $@ $(VENV)/.run
