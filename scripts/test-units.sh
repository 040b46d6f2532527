#!/usr/bin/env bash
# Holds each row of data/units.tsv against ucum-lhc, which is installed under target/. `make test-units` runs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for tool in node npm; do
    command -v "$tool" >/dev/null || {
        printf 'make test-units: %s is not installed: Node.js 18 or later has it\n' "$tool" >&2
        exit 1
    }
done
modules=target/ucum
mkdir -p "$modules"
if ! cmp -s tests/ucum/package-lock.json "$modules/installed"; then
    rm -f "$modules/installed"
    cp tests/ucum/package.json tests/ucum/package-lock.json "$modules/"
    npm ci --prefix "$modules" --ignore-scripts --no-audit --no-fund --silent
    cp tests/ucum/package-lock.json "$modules/installed"
fi
exec node tests/ucum/check.cjs data/units.tsv "$PWD/$modules"
