#!/usr/bin/env bash
# Builds the Wasm module. Where this machine keeps sources is mapped away, so that the same sources give the same
# bytes in any directory; arguments go on to `cargo build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo fetch --locked --target wasm32-wasip1
flags="'--remap-path-prefix=$PWD=.'"
# The tilde is this user's home even where HOME is unset.
for crates in "${CARGO_HOME:-$(cd ~ && pwd)/.cargo}"/registry/src/*/; do
    flags+=", '--remap-path-prefix=${crates%/}=/crates'"
done
# Beside those of .cargo/config.toml, in whose place RUSTFLAGS would be taken.
exec env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS \
    cargo build --release --locked --package junction-webhook-filter --lib --target wasm32-wasip1 \
    --config "target.wasm32-wasip1.rustflags=[$flags]" "$@"
