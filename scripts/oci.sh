#!/usr/bin/env bash
# Writes the built module as an OCI image layout to target/oci, or to the directory given, named after the version and
# the commit. Prints where it is, with the tag and the digest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=${1:-target/oci}

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

command -v python3 >/dev/null || fail 'python3 is missing: it writes the image'
revision=$(git rev-parse HEAD 2>/dev/null) || fail 'not a git clone: the image names its commit'
# Whoever fetches the image must not be told of a commit that it was not built from.
[[ -z $(git status --porcelain) ]] || revision+=-modified
version=$(cargo metadata --locked --no-deps --format-version 1 |
    python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"]
        if p["name"] == "junction-webhook-filter"))')
digest=$(python3 scripts/oci.py --module target/wasm32-wasip1/release/junction_webhook_filter.wasm --out "$out" \
    --version "$version" --revision "$revision" --created "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}")
printf '%s:%s@%s\n' "$out" "$version" "$digest"
