#!/usr/bin/env bash
# Checks the alert rules with promtool, and the dashboard's queries against a real Prometheus and Envoy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v promtool >/dev/null; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        echo 'error: promtool is missing: install prometheus (apt-get install prometheus)' >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends prometheus >/dev/null
fi

cd deploy/observability/prometheus
promtool check config prometheus.yml
promtool test rules rules_test.yml
cd - >/dev/null
# With CI set, a missing Prometheus fails the test.
CI=true cargo test --locked --test envoy dashboard
