//! An OCI image layout with a module in it: an ordinary image whose only layer is a tar.gz with one
//! file.
//!
//! The Wasm module's is for Istio and Envoy Gateway to fetch from a registry, in the "compat"
//! variant of the Wasm image specification (solo-io/wasm, spec/spec-compat.md). The dynamic
//! module's is for pods to mount. The same module, version, revision and time give the same bytes,
//! and so the same digest.

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

/// The mark of its variant that spec-compat.md asks for.
const VARIANT: (&str, &str) = ("module.wasm.image/variant", "compat");

/// What a module runs on.
#[derive(Clone)]
enum Kind {
    Wasm,
    /// A shared library for Linux.
    Native(Arch),
}

/// The bytes of a module, of either kind.
#[derive(Clone)]
pub(crate) struct Module {
    kind: Kind,
    bytes: Vec<u8>,
}

impl Module {
    /// None where the bytes are something else.
    pub(crate) fn new(bytes: Vec<u8>) -> Option<Self> {
        let is_wasm = bytes.starts_with(b"\0asm");
        let kind = if is_wasm { Kind::Wasm } else { Kind::Native(architecture(&bytes)?) };
        Some(Self { kind, bytes })
    }

    const fn title(&self) -> &'static str {
        match self.kind {
            Kind::Wasm => "junction-webhook-filter",
            Kind::Native(_) => "junction-webhook-native",
        }
    }

    const fn description(&self) -> &'static str {
        match self.kind {
            Kind::Wasm => {
                "Envoy proxy-wasm filter that verifies, validates and normalises Junction lab-result webhooks"
            }
            Kind::Native(_) => {
                "Envoy dynamic module that verifies, validates and normalises Junction lab-result webhooks"
            }
        }
    }

    /// As spec-compat.md names the file, and as `make build-native` does.
    const fn file(&self) -> &'static str {
        match self.kind {
            Kind::Wasm => "plugin.wasm",
            Kind::Native(_) => "libjunction_webhook.so",
        }
    }

    /// As Go names the target, which the image specification asks for.
    fn platform(&self) -> (Arch, Os) {
        match &self.kind {
            Kind::Wasm => (Arch::Wasm, Os::Other("wasip1".to_owned())),
            Kind::Native(architecture) => (architecture.clone(), Os::Linux),
        }
    }
}

/// For what a shared library is built: the ELF header's `e_type` and `e_machine` (gabi, chapter 4),
/// of 64 bits and with the least byte first.
fn architecture(bytes: &[u8]) -> Option<Arch> {
    const SHARED: [u8; 2] = 3_u16.to_le_bytes();
    const X86_64: [u8; 2] = 62_u16.to_le_bytes();
    const AARCH64: [u8; 2] = 183_u16.to_le_bytes();
    let (magic, rest) = bytes.split_first_chunk::<6>()?;
    let (kind, machine) = rest.get(10..14)?.split_at(2);
    if magic != b"\x7fELF\x02\x01" || kind != SHARED {
        return None;
    }
    if machine == X86_64 {
        Some(Arch::Amd64)
    } else if machine == AARCH64 {
        Some(Arch::ARM64)
    } else {
        None
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
    /// Writes the layout in place of whatever the directory has, and answers the manifest's digest:
    /// what to pin.
    pub(crate) fn write(&self, out: &Path) -> Result<Digest> {
        let blobs = Blobs::create(out)?;
        let created = self.rfc3339()?;
        let labels = self.labels(&created);

        let layer = self.layer()?;
        let (architecture, os) = self.module.platform();
        let config = ImageConfigurationBuilder::default()
            .created(created.as_str())
            .architecture(architecture)
            .os(os)
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
        if matches!(self.module.kind, Kind::Wasm) {
            annotations.insert(VARIANT.0.to_owned(), VARIANT.1.to_owned());
        }
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
            (ANNOTATION_DESCRIPTION, self.module.description()),
            (ANNOTATION_LICENSES, env!("CARGO_PKG_LICENSE")),
            (ANNOTATION_REVISION, &self.revision),
            (ANNOTATION_TITLE, self.module.title()),
            (ANNOTATION_VERSION, &self.version),
        ];
        labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into()
    }

    /// A tar with one file that anyone may read and that belongs to root.
    fn layer(&self) -> Result<Vec<u8>> {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(self.module.bytes.len())?);
        header.set_mode(0o444);
        header.set_mtime(self.created);
        header.set_uid(0);
        header.set_gid(0);
        let mut archive = tar::Builder::new(Vec::new());
        archive.append_data(&mut header, self.module.file(), self.module.bytes.as_slice())?;
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

/// Stored instead of compressed: how well data are compressed changes with the library's version,
/// and the digest must not.
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
