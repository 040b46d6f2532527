#!/usr/bin/env bash
# Does what a newcomer does, where there is nothing but what README.md asks for: a clone of the last commit in a directory
# with a space in its name, empty homes, the pinned toolchain without the Wasm target, no variable of the developer's,
# and on PATH only README's prerequisites. Then takes each of these away. Needs Linux, and a network to fetch from.
# Shell and not part of xtask: it tries what happens before anything is built, and must itself need nothing built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d "${TMPDIR:-/tmp}/bare machine.XXXXXX")
log=$work/log
runner=
# shellcheck disable=SC2317,SC2329 # the trap calls it
stop() {
    [[ -z $runner ]] || kill -KILL -- "-$runner" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

fail() {
    printf 'error: on a bare machine: %s\n' "$1" >&2
    [[ ! -s $log ]] || tail -n 40 "$log" >&2
    exit 1
}

say() { printf '==> Bare machine: %s\n' "$1"; }

# --- The machine.

# What any Linux has, and what comes with a prerequisite.
base=(awk base64 bash cat chmod cmp cp cut date dirname env git grep head id ls mkdir mktemp mv nice rm sed sh sleep sort
    tail tar tee touch tr uname wc)
declare -A brings=([rustup]='rustup cargo rustc rustdoc' [cc]='cc as ld ar')
mapfile -t prerequisites < <(sed -n '/<!-- prerequisites -->/,/<!-- end -->/s/^| `\([a-z0-9]*\)`.*/\1/p' README.md)
((${#prerequisites[@]} > 0)) || prerequisites=(rustup cc make python3 curl)

place() { # a directory for PATH, then commands
    local command file
    mkdir -p "$1"
    for command in "${@:2}"; do
        file=$(type -P "$command") || fail "this machine has no $command to try with"
        # A manager's script in its place would want more of the developer's environment.
        [[ $command != python3 ]] || file=$(python3 -c 'import sys; print(sys.executable)')
        ln -sf "$file" "$1/$command"
    done
}

toolchain_without_target() { # a new RUSTUP_HOME
    local source copy
    source=$(rustc --print sysroot)
    # Where that is a link to another name, only this one is asked for.
    copy=$1/toolchains/$(rustup show active-toolchain | cut -d ' ' -f 1)
    mkdir -p "$1/toolchains"
    # By hard links it takes a moment; by symbolic ones rustc finds its way back.
    cp -al "$source" "$copy" 2>/dev/null || { rm -rf "$copy" && cp -a "$source" "$copy"; }
    # Nothing that rustup writes in place may be the developer's file.
    find "$copy/lib/rustlib" -maxdepth 1 -type f -exec cp -p {} {}.own \; -exec mv {}.own {} \;
    rm -rf "$copy"/lib/rustlib/*wasm32-*
    sed -i '/wasm32-/d' "$copy/lib/rustlib/components"
    awk -v RS= -v ORS='\n\n' '!/wasm32-/' "$copy/lib/rustlib/multirust-config.toml" >"$work/config"
    cp "$work/config" "$copy/lib/rustlib/multirust-config.toml"
}

bare() { # in a clone, with a PATH: runs a command, with variables before it
    local clone=$1 path=$2
    shift 2
    (cd "$clone" && exec env -i "${network[@]}" HOME="$work/home" CARGO_HOME="$work/cargo" RUSTUP_HOME="$work/rustup" \
        RUSTUP_AUTO_INSTALL=0 PATH="$path" "$@")
}

# How this machine reaches a network at all is not the developer's taste.
network=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE PIP_CERT; do
    [[ -z ${!name:-} ]] || network+=("$name=${!name}")
done
# Nobody answers there.
no_network=(http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9)

path=$work/bin
place "$path" "${base[@]}"
for prerequisite in "${prerequisites[@]}"; do
    # shellcheck disable=SC2086 # several commands
    place "$path" ${brings[$prerequisite]:-$prerequisite}
done
mkdir "$work/home" "$work/cargo"
toolchain_without_target "$work/rustup"
git clone --quiet . "$work/a clone"
git clone --quiet . "$work/another clone"
clone=$work/a\ clone

# --- The two commands.

start() { # what must be said when it is ready, then variables: `make run` in the background
    local ready=$1 begin=$SECONDS
    shift
    # With job control it is a group of its own, which gets the terminal's Ctrl-C.
    set -m
    bare "$clone" "$path" "$@" make run >"$log" 2>&1 &
    runner=$!
    set +m
    until grep --quiet 'Ctrl-C stops everything' "$log"; do
        kill -0 "$runner" 2>/dev/null || fail '`make run` ended'
        ((SECONDS - begin < 900)) || fail '`make run` is not ready after 15 minutes'
        sleep 0.1
    done
    grep --quiet "^$ready" "$log" || fail "\`make run\` does not say '$ready'"
    say "\`make run\` is ready after $((SECONDS - begin)) s"
}

interrupt() {
    kill -INT -- "-$runner"
    local tries port process
    for ((tries = 0; tries < 300; tries++)); do
        kill -0 -- "-$runner" 2>/dev/null || break
        sleep 0.1
    done
    ! kill -0 -- "-$runner" 2>/dev/null || fail 'Ctrl-C leaves processes of its group after 30 s'
    wait "$runner" || true
    runner=
    for port in 9000 9901 10000; do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || fail "Ctrl-C leaves port $port taken"
    done
    for process in /proc/[0-9]*/exe; do
        [[ $(readlink "$process" || true) != "$clone"/* ]] || fail "Ctrl-C leaves $(readlink "$process")"
    done
}

sends() { # `make send` shows the good webhook and the three refused
    local begin=$SECONDS
    bare "$clone" "$path" make send >"$work/sent" 2>&1 || fail "\`make send\` failed: $(cat "$work/sent")"
    ((SECONDS - begin <= 5)) || fail "\`make send\` took $((SECONDS - begin)) s"
    [[ $(grep -c '^200 {"received":true,' "$work/sent") == 1 ]] || fail "no good webhook: $(cat "$work/sent")"
    [[ $(grep -c '^401 {"error":"signature_verification_failed",' "$work/sent") == 3 ]] ||
        fail "no three refused: $(cat "$work/sent")"
    grep --quiet 'the upstream saw 1\.' "$work/sent" || fail "the upstream saw others: $(cat "$work/sent")"
}

refuses() { # what must be said in one line, then a command, after no work has been done
    local expected=$1 begin=$SECONDS
    shift
    ! "$@" >"$log" 2>&1 || fail "no refusal with '$expected'"
    # What rustup says of the network stands before it.
    [[ $(grep 'error: \|\*\*\* make is' "$log" | grep -vc 'could not download\|download failed') == 1 ]] ||
        fail "more than one line with '$expected'"
    grep --quiet --fixed-strings -- "$expected" "$log" || fail "the refusal does not say '$expected'"
    ! grep --quiet 'Compiling\|Downloading\|Traceback' "$log" || fail 'work was done before the refusal'
    ((SECONDS - begin <= 20)) || fail "the refusal came after $((SECONDS - begin)) s"
}

start 'Next: `make send`'
sends
secret=$(<"$clone/target/run/secret")
say 'one more while it runs'
refuses 'taken: 9000 9901 10000 (another `make run`' bare "$clone" "$path" make run
interrupt

say 'a second run, without a network'
start 'Next: `make send`' "${no_network[@]}"
[[ $(<"$clone/target/run/secret") == "$secret" ]] || fail 'the second run has another secret'
sends
interrupt

say 'a configuration that cannot be used'
start 'Every webhook is answered 500' JUNCTION_WEBHOOK_SECRET='no base64'
! grep --quiet '^Next' "$log" || fail 'a broken configuration is recommended'
interrupt
[[ $(<"$clone/target/run/secret") == "$secret" ]] || fail "the reader's own secret is left on the disk"

say 'what was built, elsewhere by CARGO_TARGET_DIR'
mkdir "$work/elsewhere"
mv "$clone"/target/{release,wasm32-wasip1} "$work/elsewhere/"
bare "$clone" "$path" CARGO_TARGET_DIR="$work/elsewhere" make build >"$log" 2>&1 || fail '`make build` failed'
for file in wasm32-wasip1/release/junction_webhook_filter.wasm release/upstream-mock release/junction-webhook; do
    cmp --quiet "$work/elsewhere/$file" "$clone/target/$file" || fail "target/$file is not what was built"
done

say 'the first part of `make test`: the core'
bare "$clone" "$path" cargo test --locked --package junction-webhook >"$log" 2>&1 ||
    fail 'the tests of the core fail'

# --- Each prerequisite taken away, from a clone where nothing is built.

clone=$work/another\ clone
without() { # a prerequisite: prints a PATH
    local lesser="$work/without $1" command
    rm -rf "$lesser"
    cp -a "$path" "$lesser"
    # shellcheck disable=SC2086 # several commands
    for command in ${brings[$1]:-$1}; do rm "$lesser/$command"; done
    printf '%s\n' "$lesser"
}
stand_in() { # a PATH, a command, the script that takes its place
    printf '#!/bin/bash\n%s\n' "$3" >"$work/stand-in"
    chmod +x "$work/stand-in"
    mv "$work/stand-in" "$1/$2"
}

declare -A says=([rustup]='error: cargo is missing: install Rust with rustup'
    [cc]='error: cc, a C compiler, is missing' [curl]='error: curl is missing'
    [python3]='error: python3 is missing')
for prerequisite in "${prerequisites[@]}"; do
    say "no $prerequisite"
    lesser=$(without "$prerequisite")
    if [[ $prerequisite == make ]]; then
        # Nobody is there to say so; an old one is told.
        refuses 'make is too old (3.81)' bare "$clone" "$path" make MAKE_VERSION=3.81 run
    else
        refuses "${says[$prerequisite]}" bare "$clone" "$lesser" "$(type -P make)" run
    fi
done
say '`make send` before `make run`'
refuses 'error: nothing runs yet' bare "$clone" "$path" make send
say 'python3 without pip, cc without a C library'
lesser=$(without python3)
stand_in "$lesser" python3 'printf "No module named pip\n" >&2; exit 1'
refuses 'error: python3 has no pip' bare "$clone" "$lesser" make run
lesser=$(without cc)
place "$lesser" as ld ar
stand_in "$lesser" cc "exec $(type -P cc) -nostdinc \"\$@\""
refuses 'error: cc cannot build a program' bare "$clone" "$lesser" make run

say 'an Envoy that does not start, or is too old'
stand_in "$work" old-envoy 'printf "envoy  version: 0/1.35.3/Clean/RELEASE/BoringSSL\n"'
stand_in "$work" broken-envoy 'printf "no such library\n" >&2; exit 127'
refuses 'is Envoy 1.35: envoy.yaml needs 1.36 or later' bare "$clone" "$path" ENVOY="$work/old-envoy" make run
refuses 'does not start: no such library' bare "$clone" "$path" ENVOY="$work/broken-envoy" make run
refuses 'is not an executable' bare "$clone" "$path" ENVOY="$work/none" make run

say 'no Wasm target, and no network to fetch it from'
rm -rf "$work/rustup"
toolchain_without_target "$work/rustup"
refuses 'error: Rust has no target wasm32-wasip1, and it could not be installed: with a network, run `rustup' \
    bare "$clone" "$path" "${no_network[@]}" make run

say "all of it, in $SECONDS s"
