#!/usr/bin/env bash
# Installs what the active toolchain lacks: the Wasm target, and the components given (clippy, rustfmt). Where nothing is
# missing, nobody is asked, so that a machine without a network builds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=wasm32-wasip1
# Looking must not install a toolchain behind the reader's back.
quietly() { RUSTUP_AUTO_INSTALL=0 "$@" 2>/dev/null; }

missing() { # what the toolchain lacks, as arguments of rustup
    local sysroot component command
    sysroot=$(quietly rustc --print sysroot) || { echo toolchain && return; }
    [[ -d $sysroot/lib/rustlib/$target/lib ]] || echo "target $target"
    for component in "$@"; do
        command=${component/rustfmt/fmt}
        quietly cargo "$command" --version >/dev/null || echo "component $component"
    done
}

lacking=$(missing "$@")
[[ -n $lacking ]] || exit 0

fail() {
    printf 'error: Rust has no %s, and it could not be installed: with a network, run `%s` in this directory\n' "$@" >&2
    exit 1
}

command -v rustup >/dev/null ||
    fail "${lacking//$'\n'/, no }" 'the installer of https://rustup.rs'
printf '==> Rust: installing what rust-toolchain.toml names (missing: %s)\n' "${lacking//$'\n'/, }"
# shellcheck disable=SC2086 # no toolchain is named where none is set; without the switch rustup replaces itself
rustup toolchain install --no-self-update ${RUSTUP_TOOLCHAIN:-} || true
# A toolchain that somebody has chosen in place of the pinned one gets what it lacks.
while read -r kind name; do
    case $kind in
        target | component) rustup "$kind" add "$name" || fail "$kind $name" "rustup $kind add $name" ;;
        toolchain) fail 'usable toolchain' 'rustup toolchain install' ;;
    esac
done < <(missing "$@")
