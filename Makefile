# Everything happens in a virtual environment of its own; set VENV to put it elsewhere.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := reports/digits

.PHONY: demo test check lint types bench clean

demo: $(VENV)/.taskgroup  ## Search the digits study; leave the report and the groups in reports/digits.
	@mkdir -p $(DEMO)
	$(BIN)/taskgroup search studies/digits.yaml
	@$(BIN)/taskgroup report studies/digits.yaml -o $(DEMO) > /dev/null
	@echo
	@echo "The report:  $(DEMO)/index.html  (open it in a browser; it works offline)"
	@echo "The heatmap: $(DEMO)/affinity.png, as a table: $(DEMO)/affinity.csv"
	@echo "The groups:  $(DEMO)/groups.json"

test: $(VENV)/.dev  ## Run all tests.
	$(BIN)/python -m pytest -n auto
	@echo "All tests passed. What they ran in: $(VENV)"

check: lint types test  ## Everything that must pass before a change lands.

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy taskgroup

bench: $(VENV)/.dev  ## Time the cohort engine against plain loops; writes reports/benchmarks.
	$(BIN)/python -m benchmarks

$(VENV)/.taskgroup: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.taskgroup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
