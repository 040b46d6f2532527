#!/usr/bin/env bash
# Runs every command of README.md's `sh` blocks, in their order, as a newcomer would.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# `make run` has fixed ports: in a network of its own the test runs beside another `make run`.
if [[ -z ${README_NETWORK:-} ]] && unshare --map-root-user --net ip link set lo up 2>/dev/null; then
    # shellcheck disable=SC2016 # the inner shell expands it
    README_NETWORK=own exec unshare --map-root-user --net bash -c 'ip link set lo up && exec "$0"' "$0"
fi
if [[ -z ${README_NETWORK:-} ]] && (exec 3<>/dev/tcp/127.0.0.1/10000) 2>/dev/null; then
    echo 'SKIPPED: the commands of README.md, since port 10000 is taken and this machine has no unshare' >&2
    exit 0
fi

log=target/readme-run.log
runner=
stop() {
    [[ -z $runner ]] || kill "$runner" 2>/dev/null || true
    wait
}
trap stop EXIT

fail() {
    printf 'error: README: %s\n' "$1" >&2
    exit 1
}

wait_for_run() {
    for ((tries = 0; tries < 600; tries++)); do
        ! grep -q '^Next: ' "$log" || return 0
        kill -0 "$runner" 2>/dev/null || fail "\`make run\` ended: $(cat "$log")"
        sleep 0.1
    done
    fail "\`make run\` is not ready after a minute: $(cat "$log")"
}

count=0
while IFS= read -r command; do
    printf '+ %s\n' "$command"
    case $command in
        'make run')
            make run >"$log" 2>&1 &
            runner=$!
            wait_for_run
            ;;
        # What runs this test, or takes it in: that the target exists is all there is to show.
        'make test' | 'make check') make --dry-run "${command#make }" >/dev/null ;;
        *)
            # In this shell, since a block may export a variable for the next.
            eval "$command" </dev/null >target/readme-command.log 2>&1 ||
                fail "\`$command\` failed: $(cat target/readme-command.log)"
            ;;
    esac
    case $command in
        *msg_forged*)
            grep -q '^{"error":"signature_verification_failed"' target/readme-command.log ||
                fail "a forgery is answered: $(cat target/readme-command.log)"
            ;;
        *9000/requests)
            grep -q msg_42 target/readme-command.log || fail 'the stub shows no request'
            ! grep -q msg_forged target/readme-command.log || fail 'the stub saw the forgery'
            ;;
    esac
    count=$((count + 1))
done < <(awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' README.md)

((count >= 10)) || fail "only $count commands found"
printf '%d commands of README.md run\n' "$count"
