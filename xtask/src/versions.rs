//! `versions.toml`: what is pinned, read.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use xshell::Shell;

/// The part of the file that is needed here; the Makefile and the scripts read the rest.
#[derive(Deserialize)]
pub(crate) struct Versions {
    /// The release that everything is built for.
    envoy: String,
    cargo: BTreeMap<String, String>,
    npm: BTreeMap<String, String>,
    /// Digests by release.
    wheels: BTreeMap<String, Vec<String>>,
}

impl Versions {
    pub(crate) fn read(sh: &Shell) -> Result<Self> {
        toml::from_str(&sh.read_file("versions.toml")?).context("versions.toml")
    }

    /// The version of a command that cargo installs.
    pub(crate) fn of_cargo_tool(&self, name: &str) -> Result<&str> {
        let version = self.cargo.get(name);
        version.map(String::as_str).with_context(|| format!("versions.toml has no {name}"))
    }

    /// The version of a package that npm installs.
    pub(crate) fn of_npm_package(&self, name: &str) -> Result<&str> {
        let version = self.npm.get(name);
        version.map(String::as_str).with_context(|| format!("versions.toml has no {name}"))
    }

    /// Where `make envoy` installs the release that everything is built for.
    pub(crate) fn pinned_envoy(&self) -> String {
        envoy_of(&self.envoy)
    }

    /// The supported releases of Envoy, the oldest first.
    pub(crate) fn envoys(&self) -> impl Iterator<Item = &str> {
        self.wheels.keys().map(String::as_str)
    }
}

/// Where a release of Envoy is installed.
pub(crate) fn envoy_of(release: &str) -> String {
    format!("target/envoy/{release}/envoy/_bin/envoy")
}
