#!/usr/bin/env bash
# Prints envoy.yaml as the container runs it. Only addresses differ: the listener is reached from outside the
# container, and the upstream by the name of its service. The admin port stays on the container's loopback.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

config=$(<envoy.yaml)

replace() { # a text that occurs once, and what stands in its place
    local after=${config#*"$1"}
    if [[ $after == "$config" || $after == *"$1"* ]]; then
        printf 'error: envoy.yaml does not say "%s" exactly once\n' "$1" >&2
        exit 1
    fi
    config=${config%%"$1"*}$2$after
}

replace '{ address: 127.0.0.1, port_value: 10000 }' '{ address: 0.0.0.0, port_value: 10000 }'
replace '{ address: 127.0.0.1, port_value: 9000 }' '{ address: upstream-mock, port_value: 9000 }'
# Envoy looks a name up in no other type of cluster that has its addresses in the file.
replace 'type: STATIC' 'type: STRICT_DNS'
printf '%s\n' "$config"
