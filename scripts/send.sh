#!/usr/bin/env bash
# Sends one good webhook and three bad ones to what `make run` started, and shows what became of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

secret_file=target/run/secret
upstream=http://127.0.0.1:9000

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

command -v curl >/dev/null || fail 'curl is missing'
[[ -r $secret_file ]] || fail "$secret_file is not there: start \`make run\` in another terminal first"
# In the environment and not an argument, where every user of this machine could read it.
JUNCTION_WEBHOOK_SECRET=$(<"$secret_file")
export JUNCTION_WEBHOOK_SECRET

cargo build --quiet --locked --example send

send() { # a title, then arguments of the example
    printf '\n%s\n' "$1"
    shift
    target/debug/examples/send "$@"
}

seen() { # how many requests reached the stub so far
    curl --silent --fail "$upstream/requests" | { grep -o '"method":' || true; } | wc -l
}

before=$(seen) || fail "the stub does not answer on $upstream: is \`make run\` still running?"

status=0
send 'A signed result is verified, normalised and stored:' --expect 200 || status=1
send 'A body changed after signing is refused:' --tamper body --expect 401 || status=1
send 'A timestamp changed after signing is refused:' --tamper timestamp --expect 401 || status=1
send 'A changed signature is refused:' --tamper signature --expect 401 || status=1

printf '\nOf these four the upstream saw %d. It stored these markers:\n' "$(($(seen) - before))"
curl --silent --fail "$upstream/markers" | sed 's/},{"event_id"/},\
 {"event_id"/g'
printf '\n'
exit "$status"
