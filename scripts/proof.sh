#!/usr/bin/env bash
# Runs the proofs at length and prints what they measured as one table; takes about half an hour on two cores.
# Rows of `make fuzz` and `make test-envoys` are in the table where these have run before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${PROOF_SCALE:=10}"
: "${PROOF_REQUESTS:=1000000}"
: "${PROPTEST_CASES:=100000}"
export PROOF_SCALE PROOF_REQUESTS PROPTEST_CASES

mkdir -p target/proof
make --no-print-directory proof-schema
make --no-print-directory proof-lossless
cargo test --locked --package junction-webhook --test core -- signature_oracle properties bypass broken_configuration
# A million: one target that is read otherwise would be a way past the filter.
PROPTEST_CASES=$((10 * PROPTEST_CASES)) cargo test --locked --package junction-webhook --test core -- every_target_is_read
cargo test --locked --package junction-webhook --test cost
# One test at a time: each has the machine to itself, and its figures are its own.
cargo test --locked --test proof -- --test-threads 1

printf '\n| What was done | What came of it |\n| --- | --- |\n'
cat target/proof/*
