//! Where the three things under test are; what is missing is named once, with the way to get it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use serde_yaml_ng::Value;

use super::Host;

/// The repository's root: Envoy starts there, and paths in `envoy.yaml` are relative to it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The module, as `make build` builds it and `envoy.yaml` names it.
pub const MODULE: &str = "target/wasm32-wasip1/release/junction_webhook_filter.wasm";

/// A YAML file of the repository.
pub fn yaml(path: &str) -> Value {
    serde_yaml_ng::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// The Envoy binary: `ENVOY`, or the one that `make envoy` installs.
pub(crate) fn envoy() -> PathBuf {
    let Some(named) = std::env::var_os("ENVOY").filter(|name| !name.is_empty()) else {
        return existing(&pinned_envoy(), "make envoy");
    };
    let named = PathBuf::from(named);
    // A bare name is looked up on PATH; anything else is relative to the root, as in the Makefile.
    if named.components().count() == 1 { named } else { root().join(named) }
}

/// Where `make envoy` installs the release that `versions.toml` names.
fn pinned_envoy() -> String {
    let versions = fs::read_to_string(root().join("versions.toml")).unwrap();
    let release = versions.lines().find_map(|line| line.strip_prefix("envoy = \"1.")).unwrap();
    format!("target/envoy/1.{}/envoy/_bin/envoy", release.trim_end_matches('"'))
}

/// The Envoy's release, as `(1, 40)`.
pub fn envoy_release() -> (u32, u32) {
    static RELEASE: OnceLock<(u32, u32)> = OnceLock::new();
    *RELEASE.get_or_init(|| {
        let output = Command::new(envoy()).arg("--version").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
        let version = text.split('/').find(|part| part.starts_with("1."));
        let mut numbers = version.unwrap().split('.').map(|number| number.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    })
}

/// The upstream stub.
pub(crate) fn stub() -> PathBuf {
    existing("target/release/upstream-mock", "make build")
}

/// The tool that signs and sends webhooks.
pub fn tool() -> PathBuf {
    existing("target/release/junction-webhook", "make build")
}

/// Panics where the module is not built.
pub(crate) fn require_module() {
    let host = Host::under_test();
    let remedy = match host {
        Host::Wasm => "make build",
        Host::Native => "make build-native",
    };
    existing(host.module(), remedy);
}

fn existing(path: &str, remedy: &str) -> PathBuf {
    let full = root().join(path);
    assert!(full.is_file(), "{path} is missing: run `{remedy}`, or `make test` for everything");
    full
}
