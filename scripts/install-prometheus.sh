#!/usr/bin/env bash
# Prints the directory that has prometheus and promtool; where they are not installed, Debian's package is unpacked
# under target/, which needs no root and starts no service.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
    dirname "$(command -v promtool)"
    exit 0
fi

home=target/prometheus
if [[ ! -x $home/usr/bin/promtool ]]; then
    command -v apt-get >/dev/null || fail 'prometheus and promtool are missing: install Prometheus 2.42 or later'
    mkdir -p target
    partial=$(mktemp -d target/prometheus.XXXXXX)
    trap 'rm -rf "$partial"' EXIT
    download() { (cd "$partial" && apt-get download -qq -o APT::Sandbox::User=root prometheus) >&2; }
    if ! download 2>/dev/null; then
        # A fresh image has no package lists.
        if [[ $(id -u) == 0 ]]; then apt-get update -qq >&2; fi
        download || fail 'prometheus could not be downloaded: see above, or install it (apt-get install prometheus)'
    fi
    dpkg-deb --extract "$partial"/prometheus_*.deb "$partial/home"
    rm -rf "$home"
    mv "$partial/home" "$home"
fi
printf '%s\n' "$PWD/$home/usr/bin"
