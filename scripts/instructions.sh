#!/usr/bin/env bash
# Guards against the core getting slower: counts the instructions that one request of 12 kB costs natively, under
# callgrind, which does not depend on what else the machine does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# About a tenth above what it was when this was last set. Lower it when the core gets faster.
most=${1:-1200000}

if ! command -v valgrind >/dev/null; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        printf 'SKIPPED: valgrind is not installed, so no instructions were counted\n' >&2
        exit 0
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind
fi
cargo build --quiet --release --locked --package bench-core --bin phases

counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
spent() { # times that the request is handled
    valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/phases times "$1" 12000 2>"$counts"
    awk '/Collected/ { print $4 }' "$counts"
}
# The difference is one request without what starting costs.
once=$(spent 1)
twice=$(spent 2)
request=$((twice - once))
printf 'instructions for one request of 12 kB: %d (at most %d)\n' "$request" "$most"
((request > 0 && request <= most))
