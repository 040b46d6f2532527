#!/usr/bin/env bash
# Checks the alert rules with promtool, and the dashboard's queries against a real Prometheus and Envoy. Given a
# test's name, runs that one instead.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prometheus=$(scripts/install-prometheus.sh)
export PATH="$prometheus:$PATH"
# With CI set, a missing Prometheus fails the test.
export CI=true

if (($# > 0)); then
    export DRAW_DASHBOARD=1
    exec cargo test --locked --test envoy -- --exact "$1"
fi
(
    cd deploy/observability/prometheus
    promtool check config prometheus.yml
    promtool test rules rules_test.yml
)
cargo test --locked --test envoy -- dashboard
