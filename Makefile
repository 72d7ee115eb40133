PYTHON ?= python3
UV := $(shell sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' pyproject.toml)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help lab grade test lint build bench doctor environment clean

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

lab: .venv/ready ## open JupyterLab on the course
	jupyter lab --allow-root

grade: .venv/ready ## grade the sample class, or whoever handed in to course/submitted
	@.ci/bubblewrap
	autograder grade

test: .venv/ready lint ## run every check
	pytest

lint: .venv/ready ## check style, and that generated files are up to date
	ruff check . && ruff format --check . && python .ci/environment.py --check && autograder build --check

build: .venv/ready ## make exercises/ and course/ from solutions/ and the hidden tests
	autograder build

bench: .venv/ready ## measure grading against stock nbgrader, about twenty minutes
	python -m tests.bench

doctor: .venv/ready ## examine the environment
	autograder doctor

environment: .venv/ready ## derive environment.yml from pyproject.toml
	python .ci/environment.py

clean: ## remove the virtual environment and the course
	rm -rf .venv course

.venv/ready: pyproject.toml uv.lock
	@echo "Setting up .venv: about a minute, 3 GB of disk, this once."
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check $(UV)
	uv sync --locked --compile-bytecode
	@touch .venv/ready
