#!/usr/bin/env bash
# Runs every test, and prints the ten slowest. The manifests' tests, which are long to build and start nothing, are built
# and run while the others wait for Envoys.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc --version --verbose | sed -n 's/^host: //p')
export "CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUNNER=scripts/timed-test.sh"
logs=target/test
mkdir -p "$logs"

printf '==> Building the tests\n'
cargo test --locked --no-run
printf '==> Running the tests; meanwhile building those of the manifests\n'
# Cargo lets one at a time into the directory: the tests that are built go first.
{ sleep 5 && exec nice cargo test --locked --package manifests; } >"$logs/manifests.log" 2>&1 &
manifests=$!
trap 'kill "$manifests" 2>/dev/null || true' EXIT
cargo test --locked 2>&1 | tee "$logs/all.log"
printf '==> The tests of the manifests\n'
wait "$manifests" || { cat "$logs/manifests.log" && exit 1; }
trap - EXIT
grep '^test ' "$logs/manifests.log"

printf '==> The commands of README.md\n'
scripts/test-readme.sh

printf '\nThe ten slowest tests, in seconds:\n'
sed -n 's/^test \(.*\) \.\.\. .*<\([0-9.]*\)s>$/\2 \1/p' "$logs"/{all,manifests}.log | sort -rn | awk 'NR <= 10'
