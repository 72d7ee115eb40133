PYTHON ?= python3
UV := $(shell sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' pyproject.toml)
# A worker for each core, four at most; tests that share something costly run in the same one.
SHARED_OUT := -n logical --maxprocesses 4
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help lab progress update grade handout lessons site test test-quick golden coverage prove lint types build bench doctor
.PHONY: environment clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

lab: .venv/ready ## open JupyterLab on the first lesson
	jupyter lab --allow-root

progress: .venv/ready ## show how far you have come in lessons and exercises, and what is next
	@python -m coffee_shop.next_step

update: ## get the newest lessons; what you have changed is kept
	@$(PYTHON) .ci/update.py
	@$(MAKE) --no-print-directory .venv/ready

grade: .venv/ready ## grade the sample class, or whoever handed in to course/submitted
	@.ci/bubblewrap
	[ -d course/submitted ] || { autograder build && python autograder/sample_class course; }
	autograder grade

handout: ## write the package for students, without solutions and hidden tests
	$(PYTHON) .ci/handout.py

lessons: .venv/ready ## run every lesson in full; print how long each takes
	python -m notebooks.site.execute

site: .venv/ready ## build the site of lessons and exercises, which needs no network
	python -m notebooks.site.build

test: .venv/ready lint ## run every check: about twenty minutes on two cores
	pytest $(SHARED_OUT)

test-quick: .venv/ready ## run the tests that take a second or two at most: for the work at hand
	pytest $(SHARED_OUT) -m "not slow and not moderate"

golden: .venv/ready ## compute anew what tests take from tests/golden/, where it no longer fits
	pytest $(SHARED_OUT) --update-golden tests/engine/test_nbgraders_own.py tests/engine/test_recorder.py \
		tests/engine/test_partial_credit.py tests/course/test_grade.py tests/engine/honest tests/engine/forgeries \
		tests/course/test_answers.py tests/course/test_lessons.py tests/site/browser/test_site.py

coverage: .venv/ready ## show how much of the engine its tests and the course's reach
	pytest $(SHARED_OUT) --cov --cov-report term --cov-report html tests/engine tests/course

prove: .venv/ready ## prove the exercises' tests with mutants and cases; NOTEBOOK=_5_6_1_exercise proves that one only
	rm -rf build/proof
	autograder build --course build/proof
	autograder prove --course build/proof --assignment 5_6 $(NOTEBOOK:%=--notebook %) \
		--equivalents autograder/hidden_tests/equivalents.toml --cases tests/course/answers

lint: .venv/ready ## check style and spelling, and that generated files are up to date
	ruff check . && ruff format --check . && python .ci/environment.py --check && autograder exercises --check
	codespell autograder notebooks/coffee_shop notebooks/site && python .ci/spelling.py

types: .venv/ready ## check the types of the engine
	cd autograder && mypy

build: .venv/ready ## make exercises/ and course/ from solutions/ and the hidden tests
	autograder exercises && autograder build

bench: .venv/ready ## measure grading against stock nbgrader, about twenty minutes of a machine that does nothing else
	python -m tests.system.bench

doctor: .venv/ready ## examine the environment
	autograder doctor

environment: .venv/ready ## derive what conda and Binder read from pyproject.toml and uv.lock
	python .ci/environment.py

clean: ## remove the virtual environment, the site and what tests have left; never a gradebook or a submission
	rm -rf .venv build site
	@[ ! -d course ] || echo "course/ is kept, for it holds a gradebook and submissions. Remove it yourself."

.venv/ready: pyproject.toml autograder/pyproject.toml uv.lock
	@echo "Setting up .venv. The first time it is a download of 1035 MB, then a minute or two; it takes 3.7 GB of disk."
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check $(UV)
	@$(PYTHON) .ci/quietly.py uv sync --locked --compile-bytecode
	@touch .venv/ready
