//! `make dist`: what a release publishes, gathered in `target/dist` from what `make build` and `make build-native` have
//! built: modules, tool, images, SBOMs, checksums, notes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::cargo_tool;

const OUT: &str = "target/dist";

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the native module and the tool are built for.
const LINUX: &str = "x86_64-unknown-linux-gnu";

const WASM: &str = "target/wasm32-wasip1/release/junction_webhook_filter.wasm";
const NATIVE: &str = "target/release/libjunction_webhook.so";

/// Gathers it; a tag is held against the version and the changelog.
pub(crate) fn gather(sh: &Shell, tag: Option<&str>) -> Result<()> {
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "the native module and the tool of a release are built on Linux on x86-64"
    );
    let notes = notes(&sh.read_file("CHANGELOG.md")?, VERSION);
    if let Some(tag) = tag {
        let expected = format!("v{VERSION}");
        ensure!(tag == expected, "the tag is {tag}, but the version in Cargo.toml {VERSION}");
        ensure!(!notes.is_empty(), "CHANGELOG.md has no section {VERSION}");
    }
    let cyclonedx = cargo_tool::installed(sh, "cargo-cyclonedx")?;
    sh.remove_path(OUT)?;
    let out = sh.create_dir(OUT)?;
    let work = tempfile::tempdir()?;
    let work = work.path();

    sh.copy_file(WASM, out.join("junction_webhook_filter.wasm"))?;
    sh.copy_file(NATIVE, out.join("libjunction_webhook-x86_64-linux.so"))?;
    sh.copy_file("LICENSE", out.join("LICENSE"))?;
    sh.write_file(out.join("notes.md"), notes + "\n")?;

    let tool = tool(sh)?;
    let packed = sh.create_dir(work.join("tool"))?;
    sh.copy_file(tool, packed.join("junction-webhook"))?;
    sh.copy_file("LICENSE", packed.join("LICENSE"))?;
    let archive = out.join("junction-webhook-x86_64-linux.tar");
    pack(sh, &archive, &packed, &["junction-webhook", "LICENSE"])?;
    cmd!(sh, "gzip --no-name --best {archive}").quiet().run()?;

    for (name, module) in [("junction-webhook-filter", WASM), ("junction-webhook-native", NATIVE)] {
        let layout = work.join(name);
        let written = cmd!(sh, "cargo xtask oci {layout} --module {module}").quiet().read()?;
        let (_, digest) = written.rsplit_once('@').context("no digest was printed")?;
        pack(sh, &out.join(format!("{name}.oci.tar")), &layout, &["."])?;
        sh.write_file(out.join(format!("{name}.oci.digest")), format!("{digest}\n"))?;
    }

    // The command writes beside the manifests, so it gets a copy of the sources.
    let sources = sh.create_dir(work.join("sources"))?;
    let archive = work.join("sources.tar");
    cmd!(sh, "git archive --output {archive} HEAD").quiet().run()?;
    cmd!(sh, "tar --extract --file {archive} --directory {sources}").quiet().run()?;
    let parts =
        [("module", ".", "wasm32-wasip1"), ("native", "native", LINUX), ("tool", "tool", LINUX)];
    for (name, package, target) in parts {
        let package = sources.join(package);
        let manifest = package.join("Cargo.toml");
        let file = format!("sbom-{name}.cdx");
        cmd!(
            sh,
            "{cyclonedx} cyclonedx --quiet --format json --spec-version 1.5 --target {target}"
        )
        .args(["--override-filename", &file, "--manifest-path"])
        .arg(manifest)
        .quiet()
        .run()?;
        let file = format!("{file}.json");
        let written = sh.read_file(package.join(&file))?;
        // Nobody else has the copy's place.
        let place = work.to_str().context("a directory whose name is no text")?;
        sh.write_file(out.join(file), written.replace(place, ""))?;
    }
    print!("{}", checksums(sh, &out)?);
    Ok(())
}

/// The changelog's section of a version, without its heading; nothing where it has none.
fn notes(changelog: &str, version: &str) -> String {
    let of_version = |line: &&str| {
        let heading = line.strip_prefix("## ");
        heading.is_some_and(|heading| heading.split(' ').next() == Some(version))
    };
    let lines = changelog.lines().skip_while(|line| !of_version(line)).skip(1);
    let section: Vec<_> = lines.take_while(|line| !line.starts_with("## ")).collect();
    section.join("\n").trim().to_owned()
}

/// The tool, linked whole, so that it runs on any Linux.
fn tool(sh: &Shell) -> Result<PathBuf> {
    cmd!(sh, "cargo build --release --locked --package junction-webhook-tool --target {LINUX}")
        .args(["--target-dir", "target"])
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .quiet()
        .run()?;
    Ok(PathBuf::from(format!("target/{LINUX}/release/junction-webhook")))
}

/// Packs members of a directory. Times, owners and order are fixed, so that the same sources give the same archive.
fn pack(sh: &Shell, archive: &Path, directory: &Path, members: &[&str]) -> Result<()> {
    let commit = || cmd!(sh, "git log -1 --format=%ct").quiet().read();
    let time = sh.var("SOURCE_DATE_EPOCH").or_else(|_| commit())?;
    cmd!(
        sh,
        "tar --create --file {archive} --directory {directory} --sort=name --owner=0 --group=0"
    )
    .args(["--numeric-owner", &format!("--mtime=@{time}")])
    .args(members)
    .quiet()
    .run()?;
    Ok(())
}

/// Writes SHA256SUMS over all that is published as a file, and answers it.
fn checksums(sh: &Shell, out: &Path) -> Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(out)? {
        names.push(entry?.file_name());
    }
    names.retain(|name| name != "notes.md");
    names.sort_unstable();
    let _there = sh.push_dir(out);
    let sums = cmd!(sh, "sha256sum -- {names...}").quiet().read()? + "\n";
    sh.write_file("SHA256SUMS", &sums)?;
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::notes;

    #[test]
    fn the_notes_are_the_section_of_the_version_alone() {
        let changelog = "# Changes\n\n## Unreleased\n\n- later\n\n## 1.2.3 - 2027-01-31\n\n### Added\n\n\
             - this\n\n## 1.2.30 - 2026-01-31\n\n- before\n";
        assert_eq!(notes(changelog, "1.2.3"), "### Added\n\n- this");
        assert_eq!(notes(changelog, "1.2.30"), "- before");
        assert_eq!(notes(changelog, "1.2"), "");
    }
}
