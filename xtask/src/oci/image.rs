//! An OCI image layout with a module in it, for Istio and Envoy Gateway to fetch from a registry.
//!
//! It is the "compat" variant of the Wasm image specification (solo-io/wasm, spec/spec-compat.md): an
//! ordinary image whose only layer is a tar.gz with `plugin.wasm` in it. The same module, version,
//! revision and time give the same bytes, and so the same digest.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use flate2::{Compression, GzBuilder};
use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_REF_NAME,
    ANNOTATION_REVISION, ANNOTATION_TITLE, ANNOTATION_VERSION, Arch, ConfigBuilder, Descriptor,
    Digest, HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder,
    MediaType, OciLayoutBuilder, Os, RootFsBuilder, SCHEMA_VERSION,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

const TITLE: &str = "junction-webhook-filter";
const DESCRIPTION: &str =
    "Envoy proxy-wasm filter that verifies, validates and normalises Junction lab-result webhooks";
/// As spec-compat.md names the file.
const FILE: &str = "plugin.wasm";
/// The same page's mark of the variant.
const VARIANT: (&str, &str) = ("module.wasm.image/variant", "compat");

/// The bytes of a Wasm module.
#[derive(Clone)]
pub(crate) struct Module(Vec<u8>);

impl Module {
    /// None where the bytes are something else.
    pub(crate) fn new(bytes: Vec<u8>) -> Option<Self> {
        bytes.starts_with(b"\0asm").then_some(Self(bytes))
    }
}

/// What makes an image.
pub(crate) struct Image {
    /// Also the tag.
    pub(crate) version: String,
    /// The commit.
    pub(crate) revision: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) module: Module,
}

impl Image {
    /// Writes the layout in place of whatever the directory has, and answers the manifest's digest: what to pin.
    pub(crate) fn write(&self, out: &Path) -> Result<Digest> {
        let blobs = Blobs::create(out)?;
        let created = self.rfc3339()?;
        let labels = self.labels(&created);

        let layer = self.layer()?;
        let config = ImageConfigurationBuilder::default()
            .created(created.as_str())
            // As Go names the module's target, which the image specification asks for.
            .architecture(Arch::Wasm)
            .os(Os::Other("wasip1".to_owned()))
            .config(ConfigBuilder::default().labels(labels.clone()).build()?)
            .rootfs(
                RootFsBuilder::default()
                    .typ("layers")
                    .diff_ids([digest_of(&layer)?.to_string()])
                    .build()?,
            )
            .history([HistoryBuilder::default().created(created).created_by("make oci").build()?])
            .build()?;
        let mut annotations = labels;
        annotations.insert(VARIANT.0.to_owned(), VARIANT.1.to_owned());
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(blobs.put(MediaType::ImageConfig, &json(&config)?)?)
            .layers([blobs.put(MediaType::ImageLayerGzip, &gzip(&layer)?)?])
            .annotations(annotations)
            .build()?;
        let mut descriptor = blobs.put(MediaType::ImageManifest, &json(&manifest)?)?;
        let tag = HashMap::from([(ANNOTATION_REF_NAME.to_owned(), self.version.clone())]);
        descriptor.set_annotations(Some(tag));
        let digest = descriptor.digest().clone();
        let index = ImageIndexBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageIndex)
            .manifests([descriptor])
            .build()?;
        let layout = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
        fs::write(out.join("index.json"), json(&index)?)?;
        fs::write(out.join("oci-layout"), json(&layout)?)?;
        Ok(digest)
    }

    fn labels(&self, created: &str) -> HashMap<String, String> {
        let labels = [
            (ANNOTATION_CREATED, created),
            (ANNOTATION_DESCRIPTION, DESCRIPTION),
            (ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
            (ANNOTATION_REVISION, &self.revision),
            (ANNOTATION_TITLE, TITLE),
            (ANNOTATION_VERSION, &self.version),
        ];
        labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into()
    }

    /// A tar with one file that anyone may read and that belongs to root.
    fn layer(&self) -> Result<Vec<u8>> {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(self.module.0.len())?);
        header.set_mode(0o444);
        header.set_mtime(self.created);
        header.set_uid(0);
        header.set_gid(0);
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut header, FILE, self.module.0.as_slice())?;
        Ok(archive.into_inner()?)
    }

    fn rfc3339(&self) -> Result<String> {
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(self.created));
        // As far as four digits of a year go, which is as far as the format goes.
        ensure!(self.created < 253_402_300_800, "{} is after the year 9999", self.created);
        let time = time.context("no such time")?;
        Ok(humantime::format_rfc3339_seconds(time).to_string())
    }
}

/// The directory of the layout that has blobs by their digests.
struct Blobs<'a> {
    layout: &'a Path,
}

impl<'a> Blobs<'a> {
    fn create(layout: &'a Path) -> Result<Self> {
        match fs::remove_dir_all(layout) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| layout.display().to_string());
            }
            _ => {}
        }
        fs::create_dir_all(layout.join("blobs/sha256"))?;
        Ok(Self { layout })
    }

    fn put(&self, media_type: MediaType, blob: &[u8]) -> Result<Descriptor> {
        let digest = digest_of(blob)?;
        fs::write(self.layout.join("blobs/sha256").join(digest.digest()), blob)?;
        Ok(Descriptor::new(media_type, u64::try_from(blob.len())?, digest))
    }
}

fn digest_of(blob: &[u8]) -> Result<Digest> {
    Ok(format!("sha256:{}", base16ct::lower::encode_string(&Sha256::digest(blob))).parse()?)
}

/// Stored instead of compressed: how well data are compressed changes with the library's version, and the digest must
/// not.
fn gzip(data: &[u8]) -> Result<Vec<u8>> {
    // No time, and no system's name in its header.
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::none());
    gzip.write_all(data)?;
    Ok(gzip.finish()?)
}

/// Sorted by name, whichever way maps are ordered in memory.
fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut value = serde_json::to_value(value)?;
    value.sort_all_objects();
    let mut text = serde_json::to_vec_pretty(&value)?;
    text.push(b'\n');
    Ok(text)
}
