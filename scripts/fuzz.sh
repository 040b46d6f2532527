#!/usr/bin/env bash
# Fuzzes each target for FUZZ_SECONDS, one after the other; `scripts/fuzz.sh document` fuzzes one of them.
# An input that breaks something is left under target/fuzz/artifacts, and the run fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${FUZZ_SECONDS:=600}"
: "${FUZZ_TOOLCHAIN:=nightly}"
targets=("$@")
((${#targets[@]})) || targets=(exchange signature_headers document configuration)

command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked

for target in "${targets[@]}"; do
    corpus=target/fuzz/corpus/$target
    log=target/fuzz/$target.log
    mkdir -p target/proof "$corpus" "target/fuzz/artifacts/$target"
    seeds=("fuzz/seeds/$target")
    [[ $target != document ]] || seeds+=(examples/payloads)
    printf 'fuzzing %s for %s seconds; log in %s\n' "$target" "$FUZZ_SECONDS" "$log"
    if ! cargo "+$FUZZ_TOOLCHAIN" fuzz run --target-dir target/fuzz "$target" "$corpus" "${seeds[@]}" -- \
        -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -dict=fuzz/json.dict \
        -artifact_prefix="target/fuzz/artifacts/$target/" -print_final_stats=1 >"$log" 2>&1; then
        tail -n 60 "$log" | cut -c 1-500 >&2
        printf 'error: %s has a finding\n' "$target" >&2
        exit 1
    fi
    awk -v target="$target" -v seconds="$FUZZ_SECONDS" '
        /^stat::number_of_executed_units/ { executed = $2 } / cov: / { cov = $4 }
        END { printf "| Fuzzing `%s` for %d s | %d inputs, %d edges covered, 0 findings |\n", target, seconds, executed, cov }
    ' "$log" | tee "target/proof/15-fuzz-$target"
done
