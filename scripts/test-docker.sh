#!/usr/bin/env bash
# Runs every command of docs/docker.md's `sh` blocks on a Docker engine, from a copy of the sources, and looks at what
# came of them. Where no engine answers, it says so and does nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

skip() { # why
    printf '\nSKIPPED: docs/docker.md was NOT tested: %s\n\n' "$1" >&2
    exit 0
}

work=$(mktemp -d)
# shellcheck disable=SC2317,SC2329 # the trap calls it
stop() {
    local status=$?
    if [[ -d $work/copy ]]; then
        ((status == 0)) || docker compose logs --tail 40 >&2 || true
        docker compose --profile send down --volumes --rmi local >/dev/null 2>&1 || true
    fi
    rm -rf "$work"
}
trap stop EXIT

# Compose is a plugin of docker's command, or, as on older Debian, a command of its own.
docker() {
    if [[ $1 == compose ]] && ! command docker compose version >/dev/null 2>&1; then
        shift
        command docker-compose "$@"
    else
        command docker "$@"
    fi
}

answers() { # a port
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

within_a_minute() { # a command that comes to succeed
    local end=$((SECONDS + 60))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.5
    done
}

eventually() { # what is waited for, then a command that comes to succeed
    within_a_minute "${@:2}" || fail "no $1 after a minute"
}

expect() { # what the last command must have printed
    grep --quiet --fixed-strings -- "$1" "$work/log" || fail "no '$1' in: $(cat "$work/log")"
}

get() { curl --silent --show-error --fail "$@"; }

# --- What the commands must have brought about.

services() { # those that were started, whether they run or not
    command docker ps --all --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
        --format '{{.Label "com.docker.compose.service"}}'
}

container() { docker compose ps --quiet "$1"; }

healthy() { [[ $(docker inspect --format '{{.State.Health.Status}}' "$1") == healthy ]]; }

stored() { # a pattern of ids: how many rows have one
    get http://127.0.0.1:9000/events |
        { grep --only-matching "\"event_id\":\"$1\",\"event_type\":\"[a-z.]*\",\"received_at\"" || true; } | wc -l
}

prometheus_has() { # a query that answers something
    get --get --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query | grep --quiet '"value":\['
}

after_up() {
    local service user
    started=$(services)
    [[ $started == *envoy* && $started == *upstream-mock* && $started == *prometheus* ]] || fail "started: $started"
    for service in $started; do
        eventually "healthy $service" healthy "$(container "$service")"
    done
    for service in envoy=101 upstream-mock=65532 prometheus; do
        # Of what runs, and not of what was asked for.
        user=$(command docker top "$(container "${service%=*}")" -eo pid,uid | awk 'NR > 1 { print $2 }' | sort -u)
        [[ $user =~ ^[0-9]+$ && $user != 0 && ($service != *=* || $user == "${service#*=}") ]] ||
            fail "$service runs as user '$user'"
    done
    ! answers 9901 || fail "Envoy's admin port is published"
    ! docker compose run --rm -T --entrypoint /junction-webhook send send --url http://envoy:9901/ >"$work/log" 2>&1 ||
        fail "Envoy's admin port is reached from other containers"
    expect 'connection refused'
    docker compose exec -T envoy cat envoy.yaml | cmp - <(deploy/docker/container-config.sh) ||
        fail 'the container has another configuration'
}

before_down() {
    # Seven good webhooks were sent, two of them with one id; the forgery and the bad document have left nothing.
    get http://127.0.0.1:9000/requests >"$work/log"
    local came
    came=$(grep --only-matching '"method":"POST"' "$work/log" | wc -l)
    [[ $came == 7 ]] || fail "the stub saw $came webhooks: $(cat "$work/log")"
    [[ $(stored 'msg_[a-z0-9_]*') == 6 ]] || fail "other events are stored: $(get http://127.0.0.1:9000/events)"
    [[ $(stored msg_twice) == 1 ]] || fail 'an event sent twice is not stored once'

    # After a rotation whoever signs with the secret that everyone knows is refused.
    docker compose run --rm -T -e "JUNCTION_WEBHOOK_SECRET=$(sed -n 's/.*SECRET-\(whsec_[^}]*\)}.*/\1/p' compose.yaml)" \
        send --expect 401 >"$work/log" 2>&1 || fail "the demonstration's secret is still taken: $(cat "$work/log")"

    eventually 'scrape' prometheus_has 'up{job="junction-webhook"} == 1'
    eventually 'usable configuration in a scrape' prometheus_has 'junction_webhook_config_ok == 1'
    eventually 'forwarded webhook in a scrape' \
        prometheus_has 'junction_webhook_requests_total{outcome="forwarded"} >= 1'
    eventually 'refused webhook in a scrape' \
        prometheus_has 'junction_webhook_requests_total{outcome="rejected", reason="signature_mismatch"} >= 1'
    get http://127.0.0.1:9090/api/v1/rules >"$work/log"
    expect 'JunctionWebhookConfigurationBroken'

    get http://127.0.0.1:9000/events >"$work/before"
    docker compose restart upstream-mock >/dev/null 2>&1
    eventually 'healthy stub after a restart' healthy "$(container upstream-mock)"
    eventually 'stub after a restart' get http://127.0.0.1:9000/healthz
    get http://127.0.0.1:9000/events | cmp - "$work/before" || fail 'a restart of the stub loses events'
}

after_down() {
    [[ -z $(command docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME") ]] ||
        fail 'a volume is left'
}

# --- The commands, in their order.

docker info >/dev/null 2>&1 || skip 'no Docker engine answers; .ci/test-docker.sh, as root on Debian, starts one'
docker compose version >/dev/null 2>&1 || fail 'docker compose is missing'
for port in 3000 9000 9090 10000; do
    ! answers "$port" || fail "port $port is taken (\`make run\`?): stop what listens there"
done

# Away from the developer's .env, containers and volumes.
unset JUNCTION_WEBHOOK_SECRET JUNCTION_WEBHOOK_SECRET_PREVIOUS
export COMPOSE_PROJECT_NAME=junction-webhook-test
mkdir "$work/copy"
git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - | tar --extract -C "$work/copy"
cd "$work/copy"

mapfile -t commands < <(awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/docker.md)
((${#commands[@]} >= 13)) || fail "only ${#commands[@]} commands found"
# Nobody sits at a terminal here.
exec </dev/null
for command in "${commands[@]}"; do
    printf '+ %s\n' "$command"
    case $command in
        *'compose --profile send down '*) before_down ;;
    esac
    (eval "${command/run --rm send/run --rm -T send}") >"$work/log" 2>&1 ||
        fail "\`$command\` failed: $(tail -n 60 "$work/log")"
    case $command in
        *'compose up --build '*) after_up ;;
        *'compose --profile send down '*) after_down ;;
        *' --expect 401') expect '401 {"error":"signature_verification_failed"' ;;
        *' --expect 400') expect '400 {"error":"validation_error"' ;;
        *msg_twice*) expect '"ingested_count":9' && expect '"ingested_count":0' ;;
        *' run --rm '*) expect '200 {"received":true' ;;
        *9000/markers) expect '"slug":"hemoglobin"' ;;
        *'compose logs '*) expect '"verdict":"rejected"' ;;
    esac
done

printf '%d commands of docs/docker.md run; services: %s\n' "${#commands[@]}" "${started//$'\n'/ }"
