#!/usr/bin/env bash
# Runs the upstream stub and Envoy with the filter in the foreground, until Ctrl-C or until either ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stub=target/release/upstream-mock
config=envoy.yaml
# The secret that the running Envoy verifies with, for `make send` in another terminal; and the one made up where the
# reader has none, which stays, so that what is in that terminal's environment stays true.
secret_file=target/run/secret
invented_file=target/run/invented

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

answers() { # a port
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

[[ -x $stub ]] || fail "$stub is not built: run \`make run\`"
umask 077
mkdir -p target/run
[[ -s $invented_file ]] || printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)" >"$invented_file"
invented=$(<"$invented_file")
if [[ -z ${JUNCTION_WEBHOOK_SECRET:-} || $JUNCTION_WEBHOOK_SECRET == "$invented" ]]; then
    JUNCTION_WEBHOOK_SECRET=$invented
    origin='made up, and kept in target/run; set JUNCTION_WEBHOOK_SECRET to use your own'
    shown=$JUNCTION_WEBHOOK_SECRET
else
    origin='from JUNCTION_WEBHOOK_SECRET'
    shown='(not shown)'
fi
export JUNCTION_WEBHOOK_SECRET
printf '%s\n' "$JUNCTION_WEBHOOK_SECRET" >"$secret_file"

if [[ ${FILTER_HOST:-wasm} == native ]]; then
    config=target/run/envoy-native.yaml
    scripts/native-envoy.sh >"$config"
elif [[ $("$ENVOY" --version) =~ /1\.([0-9]+)\. ]] && ((BASH_REMATCH[1] < 40)); then
    config=target/run/envoy.yaml
    scripts/older-envoy.sh >"$config"
fi

pids=()
# shellcheck disable=SC2317,SC2329 # the traps call it
stop() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
    # The reader's own secret is nowhere on the disk but where the reader keeps it.
    [[ $JUNCTION_WEBHOOK_SECRET == "$invented" ]] || printf '%s\n' "$invented" >"$secret_file"
}
trap stop EXIT
trap 'exit 0' INT TERM HUP

"$stub" --listen 127.0.0.1:9000 &
pids+=($!)
# The access log is written every 10 seconds by default, which is long for whoever watches.
"$ENVOY" --config-path "$config" --use-dynamic-base-id --log-level warning --file-flush-interval-msec 250 &
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

EOF
# A proxy meant for the internet cannot reach this machine's loopback.
case $(curl --silent --noproxy '*' --max-time 5 'http://127.0.0.1:9901/stats?filter=junction_webhook_config_ok') in
    *': 1') printf 'Next: `make send` in another terminal.' ;;
    '') fail "the filter has no gauge of its configuration at Envoy's admin port: see the messages above" ;;
    *)
        printf 'Every webhook is answered 500, since the configuration is unusable: the line above that begins with\n'
        printf '"configuration is unusable" names the field. Stop with Ctrl-C, mend it, and start again.'
        ;;
esac
printf " Below is Envoy's access log; Ctrl-C stops everything.\n\n"

# Not `wait -n`: macOS still has bash 3.2.
while kill -0 "${pids[0]}" 2>/dev/null && kill -0 "${pids[1]}" 2>/dev/null; do
    sleep 1
done
fail 'the stub or Envoy ended: see its message above'
