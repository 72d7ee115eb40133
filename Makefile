PYTHON ?= python3
UV := $(shell sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' pyproject.toml)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help lab grade lessons site test lint build bench doctor environment clean

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

lab: .venv/ready ## open JupyterLab on the course
	jupyter lab --allow-root

grade: .venv/ready ## grade the sample class, or whoever handed in to course/submitted
	@.ci/bubblewrap
	autograder grade

lessons: .venv/ready ## run every lesson in full; print how long each takes
	python -m notebooks.site.execute

site: .venv/ready ## build the site of lessons and exercises, which needs no network
	python -m notebooks.site.build

test: .venv/ready lint ## run every check
	pytest

lint: .venv/ready ## check style and spelling, and that generated files are up to date
	ruff check . && ruff format --check . && python .ci/environment.py --check && autograder build --check
	codespell autograder notebooks/coffee_shop notebooks/site && python .ci/spelling.py

build: .venv/ready ## make exercises/ and course/ from solutions/ and the hidden tests
	autograder build

bench: .venv/ready ## measure grading against stock nbgrader, about twenty minutes
	python -m tests.bench

doctor: .venv/ready ## examine the environment
	autograder doctor

environment: .venv/ready ## derive environment.yml from pyproject.toml
	python .ci/environment.py

clean: ## remove the virtual environment, the course and the site
	rm -rf .venv course build site

.venv/ready: pyproject.toml uv.lock
	@echo "Setting up .venv: about a minute, 3 GB of disk, this once."
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check $(UV)
	uv sync --locked --compile-bytecode
	@touch .venv/ready
