# The commands of the project. The work is in scripts/, ninja and cmake; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run build test test-sms dev bench bench-scale bench-verify bench-mcp bench-soak fuzz asan tsan lint format clean setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## set up, build and start the server on http://localhost:8001
	@exec build/release/kriya serve

build: setup ## set up and build build/release/kriya
	@mkdir -p build
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset release --target kriya

test: ## set up and run every test
	@scripts/setup.sh test
	@scripts/test.sh

test-sms: ## the tests of messages and verification alone, each by its name
	@scripts/setup.sh test
	@scripts/test.sh sms

dev: setup ## rebuild and restart the server whenever a source changes
	@scripts/dev.sh

bench: ## set up and run the benchmarks beside their peers; ARGS="--help" for choices
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 -B bench/run.py $(ARGS)

bench-scale: ## how validation's cost grows with users, threads, connections: into docs/performance.md
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 -B bench/scale.py $(or $(ARGS),--docs)

bench-verify: ## how fast codes are checked, beside register in the same run
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 -B bench/verify.py $(ARGS)

bench-mcp: ## tool calls over MCP, beside the official TypeScript SDKs in the same run
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 -B bench/mcp.py $(ARGS)

bench-soak: ## 5 minutes of load on PostgreSQL: does memory stay flat?
	@scripts/setup.sh bench
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 -B bench/soak.py $(ARGS)

fuzz: ## fuzz every parser for FUZZ_SECONDS (300) each
	@scripts/setup.sh test
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-300} scripts/fuzz.sh

asan: ## unit and HTTP tests under the address and undefined-behaviour sanitizers
	@scripts/setup.sh test
	@scripts/test.sh asan-ubsan

tsan: ## unit tests under the thread sanitizer
	@scripts/setup.sh test
	@scripts/test.sh tsan

lint: ## check the formatting (clang-format) and the code (clang-tidy)
	@scripts/setup.sh lint
	@scripts/format.sh --check
	@$(MAKE) --no-print-directory build
	@scripts/lint.sh

format: ## format the C++ sources
	@scripts/setup.sh lint
	@scripts/format.sh

clean: ## remove everything built (data/ stays)
	rm -rf build

setup:
	@scripts/setup.sh run
