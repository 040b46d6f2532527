#!/usr/bin/env bash
# `make test-docker` where no image registry can be reached, as root on Debian: starts an engine where none answers, has
# local images stand in for those that it cannot pull, and leaves out Grafana, which Debian does not have. Where that
# cannot be done, it says so and does nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() { # why
    printf '\nSKIPPED: docs/docker.md was NOT tested: %s\n\n' "$1" >&2
    exit 0
}

work=$(mktemp -d)
engine=
# shellcheck disable=SC2317,SC2329 # the trap calls it
stop() {
    if [[ -n $engine ]]; then
        kill "$engine" 2>/dev/null || true
        wait "$engine" || true
    fi
    # What the engine had mounted goes a moment after it.
    rm -rf "$work" 2>/dev/null || { sleep 2 && rm -rf "$work"; }
}
trap stop EXIT

start_engine() {
    mkdir "$work/engine"
    export DOCKER_HOST=unix://$work/engine/socket
    dockerd --data-root "$work/engine/data" --exec-root "$work/engine/exec" --pidfile "$work/engine/pid" \
        --host "$DOCKER_HOST" >"$work/engine.log" 2>&1 &
    engine=$!
    local end=$((SECONDS + 60))
    until docker info >/dev/null 2>&1; do
        kill -0 "$engine" 2>/dev/null && ((SECONDS < end)) ||
            skip "no Docker engine starts here: $(tail -n 5 "$work/engine.log")"
        sleep 0.5
    done
}

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then skip 'stand-ins want root on Debian'; fi
# Two copies of a toolchain, and what is built with it.
free=$(df --output=avail --block-size=1G "$work" | tail -n 1)
((free >= 8)) || skip "$work has $free GiB of the 8 that images take"
packages=()
for need in curl=curl docker=docker.io dockerd=docker.io docker-compose=docker-compose iptables=iptables \
    musl-gcc=musl-tools; do
    command -v "${need%=*}" >/dev/null || packages+=("${need#*=}")
done
if ((${#packages[@]} > 0)); then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >"$work/log" 2>&1 ||
        skip "no ${packages[*]} to be had: $(tail -n 3 "$work/log")"
fi
rustup target add "$(uname -m)-unknown-linux-musl" >"$work/log" 2>&1 ||
    skip "no Rust for musl to be had: $(tail -n 3 "$work/log")"
docker info >/dev/null 2>&1 || start_engine
# An engine that copies a whole image for every step of a build fills the disk.
[[ $(docker info --format '{{.Driver}}') != vfs ]] || skip 'the engine has no overlay file system here'

make envoy
.ci/docker-stand-ins.sh >"$work/stand-ins"
# shellcheck source=/dev/null
source "$work/stand-ins"
docker run --rm --memory 64m --publish 127.0.0.1:0:1 "$ENVOY_IMAGE" true >"$work/log" 2>&1 ||
    skip "the engine cannot start a container here: $(tail -n 3 "$work/log")"
printf 'services: { grafana: { profiles: [left-out] } }\n' >"$work/without-grafana.yaml"
export COMPOSE_FILE=compose.yaml:$work/without-grafana.yaml
make test-docker
printf 'that was with stand-ins for the official images, and without Grafana\n'
