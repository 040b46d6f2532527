#!/usr/bin/env python3
"""Writes the module as an OCI image layout, for Istio and Envoy Gateway to fetch from a registry.

It is the "compat" variant of the Wasm image specification (solo-io/wasm, spec/spec-compat.md): an ordinary image
whose only layer is a tar.gz with `plugin.wasm` in it. The same module, version, revision and time give the same
bytes, and so the same digest.
"""

import argparse
import datetime
import hashlib
import io
import json
import pathlib
import shutil
import struct
import tarfile
import zlib

TITLE = "junction-webhook-filter"
DESCRIPTION = "Envoy proxy-wasm filter that verifies, validates and normalises Junction lab-result webhooks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", type=pathlib.Path, required=True, help="the built module")
    parser.add_argument("--version", required=True, help="the version, also the image's tag")
    parser.add_argument("--revision", required=True, help="the commit that the module was built from")
    parser.add_argument("--created", type=int, required=True, help="when, in seconds since 1970: the commit's time")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="a directory, replaced if it is there")
    arguments = parser.parse_args()

    module = arguments.module.read_bytes()
    if not module.startswith(b"\0asm"):
        parser.error(f"{arguments.module} is no Wasm module")
    labels = {
        "org.opencontainers.image.created": rfc3339(arguments.created),
        "org.opencontainers.image.description": DESCRIPTION,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "org.opencontainers.image.revision": arguments.revision,
        "org.opencontainers.image.title": TITLE,
        "org.opencontainers.image.version": arguments.version,
    }
    print(write_layout(arguments.out, module, labels, arguments.version, arguments.created))


def write_layout(out: pathlib.Path, module: bytes, labels: dict[str, str], tag: str, created: int) -> str:
    """Writes the layout, and returns the manifest's digest: what to pin."""
    shutil.rmtree(out, ignore_errors=True)
    blobs = out / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(media_type: str, blob: bytes) -> dict[str, object]:
        digest = hashlib.sha256(blob).hexdigest()
        (blobs / digest).write_bytes(blob)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(blob)}

    layer = tar_with(module, created)
    layer_gz = gzip_stored(layer)
    config = {
        "created": rfc3339(created),
        # As Go names the module's target, which the image specification asks for.
        "architecture": "wasm",
        "os": "wasip1",
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": rfc3339(created), "created_by": "scripts/oci.py"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put("application/vnd.oci.image.config.v1+json", to_json(config)),
        "layers": [put("application/vnd.oci.image.layer.v1.tar+gzip", layer_gz)],
        "annotations": {"module.wasm.image/variant": "compat", **labels},
    }
    descriptor = put("application/vnd.oci.image.manifest.v1+json", to_json(manifest))
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}}],
    }
    (out / "index.json").write_bytes(to_json(index))
    (out / "oci-layout").write_bytes(to_json({"imageLayoutVersion": "1.0.0"}))
    return str(descriptor["digest"])


def tar_with(module: bytes, created: int) -> bytes:
    """One file, `plugin.wasm`, that anyone may read and that belongs to root."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo("plugin.wasm")
        entry.size = len(module)
        entry.mode = 0o444
        entry.mtime = created
        tar.addfile(entry, io.BytesIO(module))
    return archive.getvalue()


def gzip_stored(data: bytes) -> bytes:
    """A gzip file that stores instead of compressing.

    Each version of zlib compresses in a way of its own, and the digest must not depend on the machine.
    """
    chunks = [data[start : start + 0xFFFF] for start in range(0, len(data), 0xFFFF)]
    # RFC 1952: deflate, no flags, no time, unknown system. RFC 1951: stored blocks, the last one marked.
    parts = [bytes.fromhex("1f8b08000000000000ff")]
    for number, chunk in enumerate(chunks, 1):
        parts += [struct.pack("<BHH", number == len(chunks), len(chunk), len(chunk) ^ 0xFFFF), chunk]
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)


def rfc3339(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_json(value: object) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"


if __name__ == "__main__":
    main()
