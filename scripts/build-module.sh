#!/usr/bin/env bash
# Builds the Wasm module, or with `native` the native module. Where this machine keeps sources is mapped away, so that
# the same sources give the same bytes in any directory; further arguments go on to `cargo build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
    native)
        shift
        target=$(rustc --version --verbose | sed -n 's/^host: //p')
        build=(--profile native --package junction-webhook-native)
        ;;
    *)
        target=wasm32-wasip1
        build=(--release --package junction-webhook-filter --lib)
        ;;
esac

cargo fetch --locked --target "$target"
flags="'--remap-path-prefix=$PWD=.'"
# The tilde is this user's home even where HOME is unset.
for crates in "${CARGO_HOME:-$(cd ~ && pwd)/.cargo}"/registry/src/*/; do
    flags+=", '--remap-path-prefix=${crates%/}=/crates'"
done
# Beside those of .cargo/config.toml, in whose place RUSTFLAGS would be taken.
env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS \
    cargo build "${build[@]}" --locked --target "$target" --config "target.$target.rustflags=[$flags]" "$@"

if [[ $target != wasm32-wasip1 ]]; then
    built=$(cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    mkdir -p target/release
    install -m 755 "$built/$target/native/libjunction_webhook.so" target/release/libjunction_webhook.so
fi
