#!/usr/bin/env bash
# Says what is missing before a build fails for it.
set -euo pipefail

missing() {
    printf 'error: %s is missing: %s\n' "$1" "$2" >&2
    exit 1
}

command -v rustup >/dev/null || missing rustup 'install it from https://rustup.rs; rust-toolchain.toml does the rest'
command -v cargo >/dev/null || missing cargo 'it comes with rustup; is ~/.cargo/bin on your PATH?'
command -v cc >/dev/null || missing 'a C compiler (cc)' "the stub's SQLite is built from C; install gcc or clang"
