#!/usr/bin/env bash
# Gathers what a release publishes in target/dist, from what `make build` has built: module, tool, image, SBOMs,
# checksums, notes. `scripts/dist.sh v1.2.3` also holds the tag against the version in Cargo.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=target/dist
cyclonedx=$(sed -n 's/^cargo-cyclonedx = "\(.*\)"$/\1/p' versions.toml)

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

version=$(cargo pkgid --locked --package junction-webhook-filter | sed 's/.*[#@]//')
tag=${1:-v$version}
[[ $tag == "v$version" ]] || fail "the tag is $tag, but the version in Cargo.toml $version"
notes=$(awk -v version="$version" '/^## / { inside = $2 == version; next } inside' CHANGELOG.md)
# Before a release is tagged, its changes stand under their version. What has no tag is gathered with none.
[[ -n $notes || -z ${1:-} ]] || fail "CHANGELOG.md has no section $version"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out"

install -m 0644 target/wasm32-wasip1/release/junction_webhook_filter.wasm "$out/"
install -m 0644 LICENSE "$out/"
printf '%s\n' "$notes" >"$out/notes.md"

# Times, owners and order are fixed, so that the same sources give the same archive.
pack() { # archive, directory, members
    tar --create --file "$1" --directory "$2" --sort=name --owner=0 --group=0 --numeric-owner \
        --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" "${@:3}"
}

# Linked whole, so that it runs on any Linux.
RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --package junction-webhook-tool \
    --target x86_64-unknown-linux-gnu
install -m 0755 target/x86_64-unknown-linux-gnu/release/junction-webhook "$work/"
install -m 0644 LICENSE "$work/"
pack "$out/junction-webhook-x86_64-linux.tar" "$work" junction-webhook LICENSE
gzip --no-name --best "$out/junction-webhook-x86_64-linux.tar"

image=$(cargo xtask oci "$work/oci")
pack "$out/junction-webhook-filter.oci.tar" "$work/oci" .
printf '%s\n' "${image##*@}" >"$out/junction-webhook-filter.oci.digest"

# What each is made of, from the lock file. The command writes beside the manifests, so it gets a copy of the sources.
tools=$PWD/target/tools
[[ -x $tools/bin/cargo-cyclonedx ]] ||
    cargo install cargo-cyclonedx --version "$cyclonedx" --locked --root "$tools"
mkdir "$work/source"
git archive HEAD | tar -x -C "$work/source"
sbom() { # name, directory of the package, target
    "$tools/bin/cargo-cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --target "$3" \
        --override-filename "sbom-$1.cdx" --manifest-path "$work/source/$2/Cargo.toml"
    # Nobody else has the copy's place.
    sed "s|$work||g" "$work/source/$2/sbom-$1.cdx.json" >"$out/sbom-$1.cdx.json"
}
sbom module . wasm32-wasip1
sbom tool tool x86_64-unknown-linux-gnu

(cd "$out" && sha256sum -- *.wasm *.tar *.tar.gz *.digest *.cdx.json LICENSE >SHA256SUMS && cat SHA256SUMS)
