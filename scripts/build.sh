#!/usr/bin/env bash
# Builds the module, the stand-in, the tool and what runs them, and puts them where everything looks for them. With `envoy`, installs the
# pinned Envoy meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { # what is done, then the command that does it
    local start=$SECONDS
    printf '==> %s\n' "$1"
    "${@:2}"
    printf '==> %s: done in %d s\n' "$1" "$((SECONDS - start))"
}

# Cargo builds into CARGO_TARGET_DIR, where the reader has set it.
publish() { # a built file: its place under cargo's target directory, and under target/
    [[ ! $built/$1 -ef target/$1 ]] || return 0
    mkdir -p "$(dirname "target/$1")"
    cp -f "$built/$1" "target/$1"
}

build_tools() {
    env -u CARGO_BUILD_TARGET cargo build --release --locked --config .cargo/tools.toml \
        --package upstream-mock --package junction-webhook-tool --package xtask
}

# Its output would mix with cargo's, so it is shown when it is done.
envoy_log=
if [[ ${1:-} == envoy && $ENVOY == "$ENVOY_PINNED" && ! -x $ENVOY_PINNED ]]; then
    printf '==> Envoy %s: installing, meanwhile:\n' "$ENVOY_VERSION"
    envoy_log=$(mktemp)
    trap 'rm -f "$envoy_log"' EXIT
    step "Envoy $ENVOY_VERSION" scripts/install-envoy.sh "$ENVOY" "$ENVOY_PINNED" "$ENVOY_VERSION" >"$envoy_log" 2>&1 &
fi

step 'Wasm module' scripts/build-module.sh
step 'Stand-in for your service, the tool that sends webhooks, and what runs both' build_tools

built=$(cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
publish wasm32-wasip1/release/junction_webhook_filter.wasm
publish release/upstream-mock
publish release/junction-webhook
publish release/xtask

if [[ -n $envoy_log ]]; then
    wait $! || { cat "$envoy_log" >&2 && exit 1; }
    cat "$envoy_log"
fi
