# Build, run and test the filter. `make` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

ENVOY_VERSION := $(shell sed -n 's/^envoy = "\(1\..*\)"$$/\1/p' versions.toml)
ENVOY_PINNED := target/envoy/$(ENVOY_VERSION)/envoy/_bin/envoy
# ENVOY=/path/to/envoy uses that one and installs none.
ENVOY ?= $(ENVOY_PINNED)
export ENVOY ENVOY_PINNED ENVOY_VERSION

# .SHELLFLAGS is as old as 3.82; macOS comes with 3.81.
ifneq ($(firstword $(sort 3.82 $(MAKE_VERSION))),3.82)
$(error make is too old ($(MAKE_VERSION)): install GNU make 4 (macOS: brew install make, then gmake))
endif

INSTALL_ENVOY := scripts/install-envoy.sh "$(ENVOY)" "$(ENVOY_PINNED)" "$(ENVOY_VERSION)"

.DEFAULT_GOAL := help
.PHONY: help setup rust build build-native envoy build-and-envoy run run-native send test test-native miri test-core test-bare lint fmt instructions check \
	bench bench-against phases clean proof-schema proof-lossless test-observability dashboard-picture test-page page-pictures rotate-demo proof fuzz \
	test-envoys deny reproducible oci test-oci test-docker test-crds test-units dist lint-workflows

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing of Rust, and the pinned Envoy; the other targets do so by themselves
	@scripts/check-tools.sh lint envoy
	@$(INSTALL_ENVOY)

# Installs what is missing of Rust.
rust:
	@scripts/check-tools.sh build

build: rust ## Build the Wasm module, the upstream stub and the tool
	@scripts/build.sh

build-native: rust ## Build the native module: target/release/libjunction_webhook.so
	@scripts/build-module.sh native

envoy: ## Install the pinned Envoy under target/ (not with ENVOY=)
	@scripts/check-tools.sh envoy
	@$(INSTALL_ENVOY)

# Both, one during the other.
build-and-envoy:
	@scripts/check-tools.sh build envoy
	@scripts/build.sh envoy

run: ## Build all that is needed, start the stub and Envoy with the filter; Ctrl-C stops both
	@scripts/check-tools.sh build envoy run
	@scripts/build.sh envoy
	@exec target/release/xtask run

run-native: ## The same with the native module in place of the Wasm module
	@scripts/check-tools.sh build envoy run
	@scripts/build.sh envoy
	@$(MAKE) --no-print-directory build-native
	@FILTER_HOST=native exec target/release/xtask run

send: ## Send one good and three bad webhooks to `make run`
	@[[ -x target/release/xtask ]] || { printf 'error: nothing runs yet: start `make run` in another terminal first\n' >&2; exit 1; }
	@target/release/xtask send

test: build-and-envoy build-native ## Run every test, those against a real Envoy with either module included
	@cargo xtask test

test-native: build-and-envoy build-native ## Run the tests against a real Envoy with the native module
	@cargo xtask test-native

miri: ## Run the tests of the native module's interface to Envoy under Miri; needs the nightly toolchain
	rustup component add --toolchain nightly miri rust-src
	MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --locked --package junction-webhook-native

test-core: rust ## Run what needs no Envoy, for the inner loop
	cargo test --locked --package junction-webhook --package junction-webhook-filter --package loopback \
		--package junction-webhook-native --package junction-webhook-tool --package upstream-mock

test-bare: ## Run `make run`, `make send` and the first tests as on a machine that has the prerequisites alone
	@scripts/test-bare.sh

test-observability: build-and-envoy build-native ## Check alerts and dashboard with a real Prometheus and both hosts
	@cargo xtask test-observability

dashboard-picture: build-and-envoy ## Draw docs/images/dashboard*.svg from a real scrape, which takes three minutes
	@cargo xtask dashboard-picture

test-page: build-and-envoy ## Run the tests of the stub's page in a real Chromium
	@cargo xtask test-page

page-pictures: build-and-envoy ## Draw docs/images/page*.png from real webhooks
	@cargo xtask page-pictures

test-units: rust ## Hold data/units.tsv against an independent implementation of UCUM; needs Node.js
	@cargo xtask test-units

test-crds: rust ## Hold deploy/ against the custom resource definitions in the directory CRDS=
	CRDS="$(abspath $(CRDS))" cargo test --locked --package manifests definitions

rotate-demo: build-and-envoy ## Rotate the secret under load, and count what is refused
	cargo test --quiet --locked --test envoy rotates_under_load -- --nocapture

lint: ## Check format and lints, for this machine and for Wasm
	@scripts/check-tools.sh lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --package junction-webhook-filter --lib --target wasm32-wasip1 --locked -- -D warnings

lint-workflows: rust ## Check .github/workflows with actionlint; needs Node.js
	@cargo xtask lint-workflows

fmt: ## Format the code
	@scripts/check-tools.sh lint
	cargo fmt --all

instructions: rust ## Fail where one request costs the core more instructions than it may
	@cargo xtask instructions

check: lint test instructions ## Run everything that must pass before a change lands

bench: rust envoy ## Measure both modules beside Envoy alone, buffer, ext_authz, in ROUNDS=5; write docs/performance/
	@cargo xtask bench --rounds $(or $(ROUNDS),5) --out docs/performance

bench-against: rust envoy ## Measure the Wasm module beside that of COMMIT=, in ROUNDS=5, with several Envoys of each
	@cargo xtask bench-against $(or $(COMMIT),$(error say COMMIT=)) --rounds $(or $(ROUNDS),5)

phases: rust ## Measure each part of the core, natively and in V8
	@cargo xtask phases

proof-schema: rust ## Hold 200,000 documents against an independent validator
	PROPTEST_CASES=200000 cargo test --locked --package junction-webhook --test core schema_oracle

proof-lossless: rust ## Rebuild 100,000 documents from their normalised events
	PROPTEST_CASES=100000 cargo test --locked --package junction-webhook --test core lossless

proof: build-and-envoy ## Prove security and reliability at length; print the figures
	@cargo xtask proof

fuzz: rust ## Fuzz each target for FUZZ_SECONDS=600; needs the nightly toolchain
	@cargo xtask fuzz

test-envoys: build build-native ## Run the tests against Envoy on every supported release line, with each host
	@cargo xtask test-envoys

deny: rust ## Check licences, sources and, where reachable, advisories of all dependencies
	@cargo xtask deny

reproducible: rust ## Show that two builds in two directories give the same module
	@cargo xtask reproducible

oci: build build-native ## Write the modules as OCI image layouts to target/oci and target/oci-native
	@cargo xtask oci
	@cargo xtask oci target/oci-native --module target/release/libjunction_webhook.so

test-oci: oci ## Check the OCI images with skopeo, which shares no code with what writes them
	@cargo xtask test-oci

dist: build build-native ## Gather the files of a release in target/dist; TAG=v1.2.3 must be the version
	@cargo xtask dist $(TAG)

test-docker: rust envoy ## Run the commands of docs/docker.md on a Docker engine
	@cargo xtask test-docker

clean: ## Remove everything built or installed, Envoy included
	rm -rf target
