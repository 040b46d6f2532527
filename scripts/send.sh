#!/usr/bin/env bash
# Sends one good webhook and three bad ones to what `make run` started, and shows what became of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

secret_file=target/run/secret
tool=target/release/junction-webhook
upstream=http://127.0.0.1:9000

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

command -v curl >/dev/null || fail 'curl is missing: install it (Debian, Fedora: curl)'
[[ -r $secret_file && -x $tool ]] || fail 'nothing runs yet: start `make run` in another terminal first'
# In the environment and not an argument, where every user of this machine could read it.
JUNCTION_WEBHOOK_SECRET=$(<"$secret_file")
export JUNCTION_WEBHOOK_SECRET

send() { # a title, then arguments of the tool
    printf '\n%s\n' "$1"
    shift
    "$tool" send "$@"
}

get() { # a path of the stub; not through a proxy, which cannot reach this machine's loopback
    curl --silent --fail --noproxy '*' "$upstream$1"
}

seen() { # how many requests reached the stub so far
    get /requests | { grep -o '"method":' || true; } | wc -l
}

before=$(seen) || fail "the stub does not answer on $upstream: is \`make run\` still running?"

status=0
send 'A signed result is verified, normalised and stored:' --expect 200 || status=1
send 'A body changed after signing is refused:' --tamper body --expect 401 || status=1
send 'A timestamp changed after signing is refused:' --tamper timestamp --expect 401 || status=1
send 'A changed signature is refused:' --tamper signature --expect 401 || status=1

printf '\nOf these four the upstream saw %d. It stored these markers:\n' "$(($(seen) - before))"
get /markers | sed 's/},{"event_id"/},\
 {"event_id"/g'
printf '\n'
((status == 0)) || fail 'an answer was not the expected one: see above'
