#!/usr/bin/env bash
# Measures the filter beside the other ways to do its work; arguments go to the harness (`--help` lists them).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

[[ $(uname -s) == Linux ]] || fail 'the accounting reads /proc: only Linux has it'

# The upstream: nginx, and its module that reads a body before it answers.
echo_module=/usr/lib/nginx/modules/ngx_http_echo_module.so
if ! command -v nginx >/dev/null || [[ ! -f $echo_module ]]; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        fail "the upstream is missing: install Debian's packages nginx-light and libnginx-mod-http-echo"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # The package would start nginx on port 80.
    RUNLEVEL=1 apt-get install -y -qq --no-install-recommends nginx-light libnginx-mod-http-echo
fi

scripts/build-module.sh
cargo build --release --locked --package empty-filter --package floor-filter --lib --target wasm32-wasip1
cargo build --release --locked --package bench
exec target/release/bench "$@"
