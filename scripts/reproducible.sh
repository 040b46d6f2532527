#!/usr/bin/env bash
# Builds the module twice, from two copies of the committed sources in two directories, and compares the bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
modules=()
for directory in "$work/one" "$work/another/and/deeper"; do
    mkdir -p "$directory"
    git archive HEAD | tar -x -C "$directory"
    # Not the target directory that a developer may have set for everything.
    env -u CARGO_TARGET_DIR "$directory/scripts/build-module.sh" --quiet
    modules+=("$directory/target/wasm32-wasip1/release/junction_webhook_filter.wasm")
done
sha256sum "${modules[@]}"
cmp "${modules[@]}"
for private in "$work" "${CARGO_HOME:-$HOME/.cargo}"; do
    if grep --quiet --text --fixed-strings -- "$private" "${modules[0]}"; then
        printf 'error: the module names %s\n' "$private" >&2
        exit 1
    fi
done
printf 'the same bytes from two directories, and no path of this machine in them\n'
