#!/usr/bin/env bash
# Runs the upstream stub and Envoy with the filter in the foreground, until Ctrl-C or until either ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${ENVOY:=target/envoy/1.40.0/envoy/_bin/envoy}"
module=target/wasm32-wasip1/release/junction_webhook_filter.wasm
stub=target/release/upstream-mock
secret_file=target/run/secret

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

answers() { # a port
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

[[ -f $module ]] || fail "$module is not built: run \`make build\`"
[[ -x $stub ]] || fail "$stub is not built: run \`make build\`"
command -v "$ENVOY" >/dev/null || fail "$ENVOY is not there: run \`make envoy\`, or set ENVOY"
for port in 9000 9901 10000; do
    ! answers "$port" || fail "port $port is taken (another \`make run\`?): stop what listens there"
done

# `make send` in another terminal signs with the secret that is kept here.
mkdir -p target/run
rm -f "$secret_file"
if [[ -z ${JUNCTION_WEBHOOK_SECRET:-} ]]; then
    JUNCTION_WEBHOOK_SECRET=whsec_$(head -c 32 /dev/urandom | base64)
    origin='invented for this run; set JUNCTION_WEBHOOK_SECRET to use your own'
    shown=$JUNCTION_WEBHOOK_SECRET
else
    origin='from JUNCTION_WEBHOOK_SECRET'
    shown='(not shown)'
fi
export JUNCTION_WEBHOOK_SECRET
(umask 077 && printf '%s\n' "$JUNCTION_WEBHOOK_SECRET" >"$secret_file")

pids=()
# shellcheck disable=SC2317,SC2329 # the traps call it
stop() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -f "$secret_file"
}
trap stop EXIT
trap 'exit 0' INT TERM

"$stub" --listen 127.0.0.1:9000 &
pids+=($!)
# The access log is written every 10 seconds by default, which is long for whoever watches.
"$ENVOY" --config-path envoy.yaml --use-dynamic-base-id --log-level warning --file-flush-interval-msec 250 &
pids+=($!)

for port in 9000 10000; do
    for ((tries = 0; tries < 300; tries++)); do
        ! answers "$port" || break
        for pid in "${pids[@]}"; do
            kill -0 "$pid" 2>/dev/null || fail 'the stub or Envoy ended at once: see its message above'
        done
        sleep 0.1
    done
    answers "$port" || fail "nothing listens on port $port after 30 seconds"
done

cat <<EOF

Webhooks   http://127.0.0.1:10000/v1/webhooks/junction
Secret     $shown
           $origin
Upstream   http://127.0.0.1:9000/requests, /events, /markers
Metrics    http://127.0.0.1:9901/stats/prometheus

Next: \`make send\` in another terminal. Below is Envoy's access log; Ctrl-C stops everything.

EOF

# Not `wait -n`: macOS still has bash 3.2.
while kill -0 "${pids[0]}" 2>/dev/null && kill -0 "${pids[1]}" 2>/dev/null; do
    sleep 1
done
fail 'the stub or Envoy ended: see its message above'
