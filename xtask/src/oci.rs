//! `make oci`: a module as an OCI image, named after the version and the commit.

mod image;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use xshell::{Shell, cmd};

use crate::oci::image::{Image, Module};

#[derive(Args)]
pub(crate) struct Options {
    /// A directory, replaced if it is there
    #[arg(default_value = "target/oci")]
    out: PathBuf,
    /// The built module, of either kind
    #[arg(long, default_value = MODULE, value_parser = module)]
    module: Module,
    /// The version, also the image's tag
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
    version: String,
    /// The commit that the module was built from; this clone's where it is not given
    #[arg(long)]
    revision: Option<String>,
    /// When, in seconds since 1970; the commit's time where it is not given
    #[arg(long, env = "SOURCE_DATE_EPOCH")]
    created: Option<u64>,
}

const MODULE: &str = "target/wasm32-wasip1/release/junction_webhook_filter.wasm";

fn module(file: &str) -> Result<Module> {
    let module = Module::new(fs::read(file)?);
    module
        .with_context(|| format!("{file} is neither a Wasm module nor a shared library for Linux"))
}

/// Writes the image, and prints where it is, with the tag and the digest.
pub(crate) fn write(sh: &Shell, options: Options) -> Result<()> {
    let revision = options.revision.map_or_else(|| revision(sh), Ok)?;
    let created = options.created.map_or_else(|| time_of_commit(sh), Ok)?;
    let image = Image { version: options.version, revision, created, module: options.module };
    let digest = image.write(&options.out)?;
    println!("{}:{}@{digest}", options.out.display(), image.version);
    Ok(())
}

/// The commit, marked where something is not committed: whoever fetches the image must not be told
/// of a commit that it was not built from.
fn revision(sh: &Shell) -> Result<String> {
    let commit = cmd!(sh, "git rev-parse HEAD").quiet().ignore_stderr().read();
    let commit = commit.ok().context("not a git clone: the image names its commit")?;
    let clean = cmd!(sh, "git status --porcelain").quiet().read()?.is_empty();
    Ok(if clean { commit } else { format!("{commit}-modified") })
}

fn time_of_commit(sh: &Shell) -> Result<u64> {
    Ok(cmd!(sh, "git log -1 --format=%ct").quiet().read()?.parse()?)
}
