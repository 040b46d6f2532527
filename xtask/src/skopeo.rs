//! `make test-oci`: the images, read by skopeo, which shares no code with what wrote them.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::debian;

/// An image that `make oci` writes, and what skopeo must find in it.
struct Expected {
    layout: &'static str,
    title: &'static str,
    architecture: &'static str,
    system: &'static str,
    file: &'static str,
    module: &'static str,
}

const WASM: Expected = Expected {
    layout: "target/oci",
    title: "junction-webhook-filter",
    architecture: "wasm",
    system: "wasip1",
    file: "plugin.wasm",
    module: "target/wasm32-wasip1/release/junction_webhook_filter.wasm",
};

const NATIVE: Expected = Expected {
    layout: "target/oci-native",
    title: "junction-webhook-native",
    // As Go names what this is built for.
    architecture: if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
    system: "linux",
    file: "libjunction_webhook.so",
    module: "target/release/libjunction_webhook.so",
};

/// Inspects the images under `target` and copies each twice, as a push would and as a pull would.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    if debian::on_path("skopeo").is_none() {
        if !debian::can_install(sh) {
            eprintln!("SKIPPED: skopeo is not installed, so the images were NOT checked by it");
            return Ok(());
        }
        debian::install(sh, &["skopeo"])?;
    }
    for expected in [WASM, NATIVE] {
        check_image(sh, &expected).with_context(|| expected.layout)?;
    }
    Ok(())
}

fn check_image(sh: &Shell, expected: &Expected) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let image = format!("oci:{}:{version}", sh.current_dir().join(expected.layout).display());
    let index: Value =
        serde_json::from_str(&sh.read_file(format!("{}/index.json", expected.layout))?)?;
    let written = text(&index, "/manifests/0/digest")?;

    // Reads layout, manifest and configuration, and holds their media types and digests to the
    // specification.
    let told: Value = serde_json::from_str(&cmd!(sh, "skopeo inspect {image}").quiet().read()?)?;
    ensure!(text(&told, "/Digest")? == written, "skopeo has another digest than {written}: {told}");
    ensure!(text(&told, "/Architecture")? == expected.architecture, "another architecture: {told}");
    ensure!(text(&told, "/Os")? == expected.system, "another system: {told}");
    let label = |name: &str| text(&told, &format!("/Labels/org.opencontainers.image.{name}"));
    ensure!(label("version")? == version, "another version: {told}");
    ensure!(label("title")? == expected.title, "another title: {told}");

    // Reads every blob too, and holds it to its digest and size.
    let work = tempfile::tempdir()?;
    let digest = work.path().join("digest");
    for copy in ["oci", "dir"] {
        let to = format!("{copy}:{}", work.path().join(copy).display());
        cmd!(sh, "skopeo --insecure-policy copy --quiet --preserve-digests --digestfile {digest} {image} {to}")
            .quiet()
            .run()?;
        let copied = fs::read_to_string(&digest)?;
        ensure!(copied.trim() == written, "a copy has the digest {copied} for {written}");
    }
    // The layer as it comes out of the copy, unpacked by tar.
    let manifest: Value =
        serde_json::from_str(&sh.read_file(work.path().join("dir/manifest.json"))?)?;
    let layer = text(&manifest, "/layers/0/digest")?;
    let layer = layer.strip_prefix("sha256:").context("another algorithm")?;
    let layer = work.path().join("dir").join(layer);
    let unpacked = sh.create_dir(work.path().join("unpacked"))?;
    cmd!(sh, "tar --extract --gzip --file {layer} --directory {unpacked}").quiet().run()?;
    let module = fs::read(expected.module)?;
    ensure!(fs::read(unpacked.join(expected.file))? == module, "the layer has another module");

    println!("skopeo reads and copies {}: {written}", expected.layout);
    Ok(())
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.with_context(|| format!("no {pointer} in {value}"))
}
