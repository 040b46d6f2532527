#!/usr/bin/env bash
# Checks licences, bans, sources and, where the RustSec database can be had, advisories of all dependencies.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v cargo-deny >/dev/null || cargo install cargo-deny --locked

cargo deny --locked check --hide-inclusion-graph bans licenses sources
# The crates of the module alone, without those of tests and tools.
printf '\nCrates in the module:\n'
cargo tree --locked --package junction-webhook-filter --edges normal --target wasm32-wasip1 --prefix none |
    grep -v 'junction-webhook-filter' | sed 's/ (\*)$//' | sort -u
printf '\n'
if cargo deny fetch db 2>target/deny-fetch.log; then
    cargo deny --locked check --hide-inclusion-graph --disable-fetch advisories
else
    printf 'warning: the RustSec database cannot be reached, so advisories are not checked: see target/deny-fetch.log\n' >&2
fi
