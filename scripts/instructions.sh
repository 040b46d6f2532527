#!/usr/bin/env bash
# Guards against the core getting slower: counts the instructions that one request of 12 kB costs natively, and those of
# whatever strangers can send, under callgrind, which does not depend on what else the machine does.
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
cargo build --quiet --profile counted --locked --package bench-core --bins

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
spent() { # program arguments...
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "target/counted/$1" "${@:2}" 2>"$scratch/counts" >/dev/null
    awk '/Collected/ { print $4 }' "$scratch/counts"
}
# What one more time costs, without what starting costs: the program's last argument is how often.
once_more() { # program arguments... without how often
    printf '%d' $(($(spent "$@" 2) - $(spent "$@" 1)))
}

failed=0
check() { # what, instructions, bound
    printf 'instructions for %s: %d (at most %d)\n' "$@"
    (($2 > 0 && $2 <= $3)) || failed=1
}

request=$(($(spent phases times 2 12000) - $(spent phases times 1 12000)))
check 'one request of 12 kB' "$request" "$most"

# What strangers send. The worst forms of a path are searched for: one run reads one of every form, and leaves a count
# for each.
valgrind --tool=callgrind --callgrind-out-file="$scratch/out" --dump-before='*read_one*' \
    target/counted/strangers paths 512 >"$scratch/forms" 2>"$scratch/counts"
forms=$(wc -l <"$scratch/forms")
# The first file is what came before the first form, and the last has no number.
mv "$scratch/out" "$scratch/out.$((forms + 1))"
for ((form = 1; form <= forms; form++)); do
    awk '/^totals/ { print $2 }' "$scratch/out.$((form + 1))"
done >"$scratch/totals"
[[ $(wc -l <"$scratch/totals") == "$forms" ]]
mapfile -t worst < <(paste "$scratch/totals" "$scratch/forms" | sort -rn | head -n 5 | cut -f 2)
printf 'the worst of %d forms of a path: %s\n' "$forms" "${worst[0]}"
# Each byte of a path with dot segments is read in sixteen ways; longer ones are read in one, or not at all.
for form in "${worst[@]}" 'a ' '/ ' '/a ' '%2e%2e%2f '; do
    for length in 64 512 4096 12000 60000; do
        check "a path of $length bytes, form '$form'" "$(once_more strangers path "$form" "$length")" \
            $((8000 + 130 * length))
    done
done
# A head by what it is made of, each in proportion to its length, and a body in frames of one byte.
for kind in 'unguarded 1' 'plain 1' 'list 12' 'names 30' 'disguised 80' 'frames 80'; do
    for length in 600 60000; do
        check "a head or body of $length bytes, kind ${kind% *}" \
            "$(once_more strangers "${kind% *}" "$length")" $((10000 + ${kind#* } * length))
    done
done
exit "$failed"
