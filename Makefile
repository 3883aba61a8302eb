# Crumbtrail: make run | test | lint | js | bench | clean
#   make run             serve the demo on http://127.0.0.1:8000 (the first time installs what it needs)
#   make test            every test: SQLite, PostgreSQL, a real browser;   make test T="-k receipts"
#   make lint            ruff, mypy, tsc, and "static/js/dist is what the sources build"
#   make js              build static/js/dist again, for those who change the script
#   make faults          the fault tests at their long sizes (an hour or more); make faults FAULTS=10
#   make cluster         two PostgreSQL that fail over, a stream, web processes apart, killed part by part (minutes)
#   make bench           measure this machine beside c15t, about ten minutes; make bench ROWS=100000 (docs/benchmarks.md)
#   make bench-banner    the same for the banner, in Chromium beside five others
#   make bench-memory    memory of the server at full load, half an hour on each database; make bench-memory MINUTES=5
#   make schemathesis    hold every answer against /openapi.json (ten minutes and more)
#   make eval            how often the classifier is right;   make eval EVAL=labelled.csv
#   make clean           delete the data, the caches and .venv: start over

.PHONY: run test lint js bench bench-banner bench-memory eval faults cluster schemathesis clean
.DEFAULT_GOAL := run

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_USER := 0
export PYTHONUNBUFFERED := 1
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
WITH_NODE := PATH="$(CURDIR)/.venv/bin:$$PATH"

run: .venv/run.stamp
	@DEMO="$${DEMO-1}"; export DEMO; exec $(PY) -m flask --app app serve

test: .venv/dev.stamp static/js/node_modules/.stamp packages/node_modules/.stamp
	@$(PY) tests/prepare.py chromium firefox postgresql nats patroni
	@$(WITH_NODE) $(PY) -m pytest -n 2 --dist worksteal $(T)

lint: .venv/dev.stamp static/js/node_modules/.stamp packages/node_modules/.stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m deploy.check
	cd static/js && $(WITH_NODE) node node_modules/typescript/bin/tsc -p .
	cd static/js && $(WITH_NODE) node build.mjs --check
	cd packages && $(WITH_NODE) node ../static/js/node_modules/typescript/bin/tsc -p .

js: static/js/node_modules/.stamp
	cd static/js && $(WITH_NODE) node build.mjs

faults: .venv/dev.stamp
	@$(PY) tests/prepare.py postgresql nats
	@FAULTS="$${FAULTS-100}" $(PY) -m pytest tests/faults $(T)

cluster: .venv/dev.stamp
	@$(PY) tests/prepare.py postgresql patroni nats
	@$(PY) -m tests.cluster $(or $(SECONDS),10)

schemathesis: .venv/dev.stamp
	@$(PY) -m tests.described 100

BENCH := SECONDS ROUNDS ROWS RATE MINUTES WORKERS ASKED PEER WRITE
bench: .venv/run.stamp $(if $(filter 0,$(PEER)),,bench/peer/node_modules/.stamp)
	@$(PY) tests/prepare.py node postgresql
	@$(WITH_NODE) $(PY) -m bench.run $(foreach name,$(BENCH),$(if $($(name)),$(name)=$($(name))))

BANNER := ROUNDS WARM CPU RTT MBIT PEERS WRITE
bench-banner: .venv/dev.stamp $(if $(filter 0,$(PEERS)),,bench/banner/node_modules/.stamp)
	@$(PY) tests/prepare.py node chromium
	@$(WITH_NODE) $(PY) -m bench.banner.run $(foreach name,$(BANNER),$(if $($(name)),$(name)=$($(name))))

MEMORY := MINUTES SCRIPTS PER WORKERS
bench-memory: .venv/run.stamp
	@$(PY) tests/prepare.py postgresql
	@$(PY) -m bench.memory $(foreach name,$(MEMORY),$(if $($(name)),$(name)=$($(name))))

EVAL ?= bench/published.csv
eval: .venv/run.stamp
	@$(PY) -m flask --app app classify --score "$(EVAL)"

clean:
	rm -rf .venv instance .pytest_cache .mypy_cache .ruff_cache .hypothesis static/js/node_modules packages/node_modules bench/generator bench/*/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written only when its step has ended well, so a step that was broken off is done again.
.venv/python.stamp:
	@found=; for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
	  [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  found=$$python; "$$python" -c 'import ensurepip, venv' 2>/dev/null && break; found="no venv"; done; \
	case "$$found" in \
	  "") echo "Crumbtrail needs Python 3.11 or newer, and none was found: install python3 (or name it: make run PYTHON=/path/to/python3)." >&2; exit 1;; \
	  "no venv") echo "Crumbtrail needs Python's venv module, and this Python lacks it: on Debian and Ubuntu, apt-get install python3-venv." >&2; exit 1;; \
	esac; \
	echo "Making .venv with $$found (once) ..."; "$$found" -m venv --clear .venv
	@touch $@

.venv/run.stamp: requirements.txt .venv/python.stamp
	@echo "Installing what Crumbtrail runs on (once; about a minute) ..."
	@$(PY) -m pip install -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@echo "Installing what the tests and checks need (once) ..."
	@$(PY) -m pip install -r requirements-dev.txt
	@touch $@

static/js/node_modules/.stamp: static/js/package-lock.json .venv/python.stamp
	@$(PY) tests/prepare.py node
	@echo "Installing what builds and checks the script (once) ..."
	@cd static/js && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier
	@touch $@

packages/node_modules/.stamp: packages/package-lock.json .venv/python.stamp
	@$(PY) tests/prepare.py node
	@echo "Installing what the npm package and the agents' rules are tested with (once) ..."
	@cd packages && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier
	@touch $@

bench/%/node_modules/.stamp: bench/%/package-lock.json .venv/python.stamp
	@$(PY) tests/prepare.py node
	@echo "Installing what ours is measured beside (once) ..."
	@cd bench/$* && $(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
