# The two commands a newcomer needs: make run, make test.
SHELL := /bin/bash
.DEFAULT_GOAL := run

CARGO_TEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo "cargo nextest run --no-fail-fast" || echo "cargo test --no-fail-fast")

# `.ci/run` builds with clippy's compiler: what is linted then is what is tested, compiled once.
ifeq ($(RUSTC_WORKSPACE_WRAPPER),clippy-driver)
LINT := cargo build --workspace --all-targets --locked
else
LINT := cargo clippy --workspace --all-targets --locked -- -D warnings
endif

.PHONY: run test check lint types web server tests packages soak bench schema clean

## Build and start with demo data on http://127.0.0.1:8080.
run:
	@$(MAKE) --no-print-directory -j2 web server
	@exec target/debug/shoujie serve --demo

server:
	@cargo build --locked

# The server alone has other features of its dependencies than the workspace: what the tests run is built with them.
tests:
	@cargo test --workspace --locked --no-run

## The console and the chat widget; rebuilt when a source is newer than the bundle.
web: web/dist/widget/index.html

web/node_modules/.package-lock.json: web/package-lock.json
	@cd web && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

# What is built last stands for all of it.
web/dist/widget/index.html: web/node_modules/.package-lock.json $(shell find web/src web/widget web/public web/index.html web/vite.config.ts web/package.json -type f 2>/dev/null)
	@cd web && npm run --silent build

## Everything; installs what the tests need when it may.
test: packages
	@$(MAKE) --no-print-directory -j2 web tests
	@$(CARGO_TEST) --workspace --locked
	@cd web && npm test --silent

## Formatting, lints, types, generated files in sync.
check:
	@cargo fmt --all --check
	@$(MAKE) --no-print-directory -j2 lint types

lint:
	@$(LINT)

types: web/node_modules/.package-lock.json
	@cd web && npm run --silent check

## Debian packages that the tests talk to.
packages:
	@scripts/packages

## Twenty minutes of two hundred calls, ten minutes of load, ten million mutated messages, and imports against their
## limit of ten seconds; by hand, on a quiet machine.
soak: web server
	@SHOUJIE_SOAK=1 cargo test --locked -p acd --test it -- --nocapture busy::
	@SHOUJIE_SOAK=1 cargo test --locked -p tickets --test it -- --nocapture --test-threads 1 large::
	@SHOUJIE_SOAK=1 cargo test --locked -p telephony --test it -- --nocapture --test-threads 1 a_year_of_records
	@SHOUJIE_SOAK=1 cargo test --locked -p telephony --test it -- --nocapture edge::mutants
	@SHOUJIE_SOAK=1 cargo test --locked -p server --test it -- --ignored --nocapture --test-threads 1 soak
	@benches/run soak

## Comparison programs, by hand; see benches/README.md.
bench:
	@cargo build --locked --release
	@benches/run

## What is under review anew: rights matrix, both schemas, the API and the console's client of it, the diagrams of
## state machines.
schema:
	@INSTA_UPDATE=always cargo test --locked -p server --test it -- rights:: schema::
	@for crate in tickets requesters knowledge channels; do \
		INSTA_UPDATE=always cargo test --locked -p $$crate --test it -- machines:: || exit 1; done
	@cd web && npm run --silent api

clean:
	@cargo clean && rm -rf web/dist web/node_modules
