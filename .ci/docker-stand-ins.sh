#!/usr/bin/env bash
# Makes local images that stand in for the official ones where no image registry can be reached: files of this machine's
# Debian packages, with its Rust toolchain and the crates of Cargo.lock, with the pinned Envoy, and with Debian's
# Prometheus. Nothing is fetched while the images are built from them. Prints the variables of compose.yaml that name them.
# Wants an engine, root, Debian, musl-tools, and `make setup`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${ENVOY:=target/envoy/$(sed -n 's/^envoy = "\(1\..*\)"$/\1/p' versions.toml)/envoy/_bin/envoy}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

with_dependencies() { # installed packages, and what they need
    apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "$@" | grep '^[a-z0-9]' | sort -u |
        comm -12 - <(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' |
            sed -n 's/^installed //p' | sort -u)
}

tree() { # packages: the directory $work/tree as they would make it
    with_dependencies "$@" >"$work/packages"
    mkdir -p "$work/tree"/{dev,proc,sys,tmp,var/lib/dpkg/{info,updates}}
    # Their files, by their real paths: /bin, /lib and /sbin are links. Then what their scripts have made.
    {
        xargs dpkg-query --listfiles <"$work/packages" |
            sed --quiet --regexp-extended 's,^/((bin|lib|lib64|sbin)/.),usr/\1,p; t; s,^/(.),\1,p'
        printf '%s\n' bin lib lib64 sbin etc/{passwd,group,ld.so.cache}
        { find /etc/alternatives /etc/ssl/certs && find /usr/bin -lname '/etc/alternatives/*'; } | sed 's,^/,,'
    } >"$work/files"
    tar -C / --create --no-recursion --ignore-failed-read --files-from "$work/files" 2>/dev/null |
        tar -C "$work/tree" --extract
    awk -v RS= -v ORS='\n\n' '{ name = $0; sub(/^Package: /, "", name); sub(/\n.*/, "", name) }
        FILENAME ~ /packages$/ { split($0, names, "\n"); for (i in names) wanted[names[i]]; next }
        name in wanted' "$work/packages" /var/lib/dpkg/status >"$work/tree/var/lib/dpkg/status"
}

image() { # a name; $work/tree, with further arguments of `docker import`
    local name=junction-webhook-stand-in-$1
    shift
    tar -C "$work/tree" -c . | docker import "$@" - "$name" >/dev/null
    rm -rf "$work/tree"
    printf '%s\n' "$name"
}

mapfile -t essential < <(dpkg-query --show --showformat '${Essential} ${Package}\n' | sed -n 's/^yes //p')

# As rust:1.95.0-slim-bookworm is laid out, and with musl-tools, which the Dockerfile then finds installed.
tree "${essential[@]}" apt ca-certificates gcc libc6-dev mawk musl-tools
channel=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
host=$(rustc --version --verbose | sed -n 's/^host: //p')
toolchain=$work/tree/usr/local/rustup/toolchains/$channel-$host
mkdir -p "$toolchain" "$work/tree/usr/local/cargo/"{bin,registry}
tar -C "$(rustc --print sysroot)" --exclude=./share -c . | tar -C "$toolchain" -x
cp -L "$(command -v rustup)" "$work/tree/usr/local/cargo/bin/rustup"
for proxy in cargo rustc; do ln -s rustup "$work/tree/usr/local/cargo/bin/$proxy"; done
cargo fetch --locked --quiet --target wasm32-wasip1 --target "$(uname -m)-unknown-linux-musl"
cp -a "${CARGO_HOME:-$HOME/.cargo}/registry/"{cache,index} "$work/tree/usr/local/cargo/registry/"
rust=$(image rust --change 'ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo' \
    --change 'ENV PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')

tree base-files bash coreutils grep
cp -L "$ENVOY" "$work/tree/usr/bin/envoy"
envoy=$(image envoy --change 'USER root')

tree base-files bash coreutils
prometheus_bin=$(cargo xtask prometheus)
cp -L "$prometheus_bin/prometheus" "$prometheus_bin/promtool" "$work/tree/usr/bin/"
mkdir "$work/tree/prometheus"
chown 65534:65534 "$work/tree/prometheus"
prometheus=$(image prometheus --change 'USER 65534' --change 'ENTRYPOINT ["prometheus"]')

printf 'export RUST_IMAGE=%s ENVOY_IMAGE=%s PROMETHEUS_IMAGE=%s\n' "$rust" "$envoy" "$prometheus"
