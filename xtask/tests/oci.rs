//! The OCI images of the modules, as `make oci` writes them: their layout, their digests, their
//! labels, that Istio and Envoy Gateway find the Wasm module, and that a pod finds the native one.
//! `make test-oci` has skopeo read the same.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MODULE: &str = "target/wasm32-wasip1/release/junction_webhook_filter.wasm";
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn the_same_module_and_commit_give_the_same_image_to_the_byte() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    let digest = write_image(&first);
    assert_eq!(write_image(&second), digest);
    // Over what is there, too, and nothing of it is left.
    fs::write(second.join("blobs/sha256/stale"), "").unwrap();
    assert_eq!(write_image(&second), digest);
    assert!(files(&first) == files(&second), "other files or other bytes");
}

#[test]
fn the_image_is_a_layout_whose_every_digest_and_size_is_true() {
    let directory = tempfile::tempdir().unwrap();
    let digest = write_image(directory.path());

    let layout = json_of(&fs::read(directory.path().join("oci-layout")).unwrap());
    assert_eq!(layout, json!({"imageLayoutVersion": "1.0.0"}));
    let index = json_of(&fs::read(directory.path().join("index.json")).unwrap());
    assert_eq!(index["schemaVersion"], 2);
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    let [descriptor] = index["manifests"].as_array().unwrap().as_slice() else {
        panic!("{index}");
    };
    assert_eq!(descriptor["digest"], digest.as_str());
    assert_eq!(descriptor["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(descriptor["annotations"], json!({"org.opencontainers.image.ref.name": "1.2.3"}));

    let manifest = json_of(&blob(directory.path(), descriptor));
    let config = json_of(&blob(directory.path(), &manifest["config"]));
    assert_eq!(manifest["schemaVersion"], 2);
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.image.config.v1+json");
    assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip1")));
    let mut tar = Vec::new();
    let layer = blob(directory.path(), &manifest["layers"][0]);
    flate2::read::GzDecoder::new(layer.as_slice()).read_to_end(&mut tar).unwrap();
    assert_eq!(config["rootfs"], json!({"type": "layers", "diff_ids": [sha256(&tar)]}));
    // The layout, the index, and the blobs of manifest, configuration and layer.
    assert_eq!(files(directory.path()).len(), 5);
}

#[test]
fn the_image_says_what_it_is_and_which_commit_it_was_built_from() {
    let directory = tempfile::tempdir().unwrap();
    write_image(directory.path());
    let manifest = manifest(directory.path());
    let config = json_of(&blob(directory.path(), &manifest["config"]));

    let cargo = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let labels = json!({
        "org.opencontainers.image.created": "2026-11-24T00:15:00Z",
        "org.opencontainers.image.description": quoted(&cargo, "description"),
        "org.opencontainers.image.licenses": quoted(&cargo, "license"),
        "org.opencontainers.image.revision": REVISION,
        "org.opencontainers.image.title": "junction-webhook-filter",
        "org.opencontainers.image.version": "1.2.3",
    });
    assert_eq!(config["config"]["Labels"], labels);
    let mut annotations = labels;
    annotations["module.wasm.image/variant"] = json!("compat");
    assert_eq!(manifest["annotations"], annotations);
    assert_eq!(config["created"], "2026-11-24T00:15:00Z");
}

/// The steps of `PrepareFetch` and `extractOCIStandardImage` in Istio's `pkg/wasm/imagefetcher.go`,
/// which Envoy Gateway's `internal/wasm/imagefetcher.go` shares.
#[test]
fn istio_and_envoy_gateway_find_the_module_in_the_image() {
    let directory = tempfile::tempdir().unwrap();
    write_image(directory.path());
    let manifest = manifest(directory.path());

    // Docker's media type would make them look for Docker's layers.
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    // They take the last layer; the specification of Wasm images allows one.
    let [layer] = manifest["layers"].as_array().unwrap().as_slice() else {
        panic!("{manifest}");
    };
    assert_eq!(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    let [(name, mode, module)] = unpacked(directory.path(), layer).try_into().unwrap();
    assert_eq!((name.to_str(), mode), (Some("plugin.wasm"), 0o444));
    assert!(module == fs::read(module_path()).unwrap(), "another module");
}

#[test]
fn a_pod_finds_the_native_module_in_an_image_for_its_machine() {
    for (machine, architecture) in [(62, "amd64"), (183, "arm64")] {
        let directory = tempfile::tempdir().unwrap();
        let (module, out) = (directory.path().join("module.so"), directory.path().join("image"));
        fs::write(&module, library(3, machine)).unwrap();
        let written = oci(&module, &out);
        assert!(written.status.success(), "{written:?}");

        let manifest = manifest(&out);
        let config = json_of(&blob(&out, &manifest["config"]));
        assert_eq!(
            (&config["architecture"], &config["os"]),
            (&json!(architecture), &json!("linux"))
        );
        let annotations = &manifest["annotations"];
        assert_eq!(annotations["org.opencontainers.image.title"], "junction-webhook-native");
        assert_eq!(annotations.get("module.wasm.image/variant"), None);
        // As a volume, the image is the root of what the pod sees.
        let [layer] = manifest["layers"].as_array().unwrap().as_slice() else {
            panic!("{manifest}");
        };
        let [(name, mode, bytes)] = unpacked(&out, layer).try_into().unwrap();
        assert_eq!((name.to_str(), mode), (Some("libjunction_webhook.so"), 0o444));
        assert_eq!(bytes, library(3, machine));
    }
}

/// The head of an ELF file of 64 bits, with the least byte first: `e_type` and `e_machine` and
/// zeros.
fn library(kind: u8, machine: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    bytes[16] = kind;
    bytes[18] = machine;
    bytes
}

#[test]
fn what_is_no_module_makes_no_image() {
    let directory = tempfile::tempdir().unwrap();
    let (file, out) = (directory.path().join("file"), directory.path().join("image"));
    let mut wide = library(3, 62);
    // The most byte first.
    wide[5] = 2;
    for bytes in [
        fs::read(root().join("Cargo.toml")).unwrap(),
        // A program, and a library for RISC-V.
        library(2, 62),
        library(3, 243),
        wide,
        library(3, 62)[..19].to_vec(),
    ] {
        fs::write(&file, bytes).unwrap();
        let written = oci(&file, &out);
        assert_eq!(written.status.code(), Some(2), "{written:?}");
        assert!(!out.exists());
    }
}

#[test]
fn make_oci_names_the_version_and_the_commit_of_this_clone() {
    let directory = tempfile::tempdir().unwrap();
    module_path();
    let written =
        in_clone(env!("CARGO_BIN_EXE_xtask")).arg("oci").arg(directory.path()).output().unwrap();
    if !root().join(".git").exists() {
        let told = String::from_utf8(written.stderr).unwrap();
        assert_eq!(told, "error: not a git clone: the image names its commit\n");
        return;
    }
    assert!(written.status.success(), "{written:?}");

    let index = json_of(&fs::read(directory.path().join("index.json")).unwrap());
    let printed = format!(
        "{}:{}@{}\n",
        directory.path().display(),
        env!("CARGO_PKG_VERSION"),
        index["manifests"][0]["digest"].as_str().unwrap()
    );
    assert_eq!(String::from_utf8(written.stdout).unwrap(), printed);
    let git = |arguments: &[&str]| {
        let answer = in_clone("git").args(arguments).output().unwrap();
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout).unwrap().trim_end().to_owned()
    };
    let clean = git(&["status", "--porcelain"]).is_empty();
    let commit = git(&["rev-parse", "HEAD"]) + if clean { "" } else { "-modified" };
    let annotations = &manifest(directory.path())["annotations"];
    assert_eq!(annotations["org.opencontainers.image.revision"], commit);
    assert_eq!(annotations["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
}

/// A command in the clone's root, where git does not mind whose files they are, and no time is
/// given.
fn in_clone(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env_remove("SOURCE_DATE_EPOCH").envs([
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "safe.directory"),
        ("GIT_CONFIG_VALUE_0", "*"),
    ]);
    command
}

/// Writes the image as of 2026-11-24T00:15:00Z, and answers the digest that was printed.
fn write_image(out: &Path) -> String {
    let written = oci(&module_path(), out);
    assert!(written.status.success(), "{written:?}");
    let printed = String::from_utf8(written.stdout).unwrap();
    let (place, digest) = printed.trim_end().split_once('@').unwrap();
    assert_eq!(place, format!("{}:1.2.3", out.display()));
    digest.to_owned()
}

fn oci(module: &Path, out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["oci", "--version", "1.2.3", "--created", "1795479300", "--revision", REVISION])
        .args([Path::new("--module"), module, out])
        .output()
        .unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn module_path() -> PathBuf {
    let module = root().join(MODULE);
    assert!(module.exists(), "{MODULE} is not built: run `make build`");
    module
}

fn manifest(layout: &Path) -> Value {
    let index = json_of(&fs::read(layout.join("index.json")).unwrap());
    json_of(&blob(layout, &index["manifests"][0]))
}

/// The files of a layer, each with its mode.
fn unpacked(layout: &Path, layer: &Value) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let layer = blob(layout, layer);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(layer.as_slice()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().into_owned(), entry.header().mode().unwrap(), bytes)
    });
    entries.collect()
}

/// The blob that a descriptor names, held against its digest and size.
fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap();
    let name = digest.strip_prefix("sha256:").unwrap();
    let bytes = fs::read(layout.join("blobs/sha256").join(name)).unwrap();
    assert_eq!(sha256(&bytes), digest);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::from("sha256:"), |mut digest, byte| {
        write!(digest, "{byte:02x}").unwrap();
        digest
    })
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// What a key of a TOML file has between its quotes, where it comes first.
fn quoted<'a>(toml: &'a str, key: &str) -> &'a str {
    let (_, rest) = toml.split_once(&format!("\n{key} = \"")).unwrap();
    rest.split_once('"').unwrap().0
}

/// Every file below a directory, by its path there.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().to_owned();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}
