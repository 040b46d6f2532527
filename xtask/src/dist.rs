//! `make dist`: what a release publishes, gathered in `target/dist` from what `make build` and
//! `make build-native` have built: modules, tool, images, SBOMs, checksums, notes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::cargo_tool;

const OUT: &str = "target/dist";

/// Where each shell looks for completions, below `share` of a prefix.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/junction-webhook"),
    ("zsh", "zsh/site-functions/_junction-webhook"),
    ("fish", "fish/vendor_completions.d/junction-webhook.fish"),
];

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
    pack_tool(sh, &tool, Path::new("LICENSE"), &out.join("junction-webhook-x86_64-linux.tar"))?;

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

/// Packs the tool with its licence, and with what it says of itself for `man` and for the shells,
/// each at its place below a prefix such as `/usr/local`.
fn pack_tool(sh: &Shell, tool: &Path, licence: &Path, archive: &Path) -> Result<()> {
    let packed = tempfile::tempdir()?;
    let packed = packed.path();
    sh.copy_file(tool, packed.join("junction-webhook"))?;
    sh.copy_file(licence, packed.join("LICENSE"))?;
    let share = packed.join("share");
    let pages = sh.create_dir(share.join("man/man1"))?;
    cmd!(sh, "{tool} man --into {pages}").quiet().run()?;
    for (shell, place) in COMPLETIONS {
        let text = cmd!(sh, "{tool} completions {shell}").quiet().read()?;
        sh.write_file(share.join(place), text + "\n")?;
    }
    pack(sh, archive, packed, &["junction-webhook", "LICENSE", "share"])?;
    cmd!(sh, "gzip --no-name --best {archive}").quiet().run()?;
    Ok(())
}

/// Packs members of a directory. Times, owners, modes and order are fixed, so that the same sources
/// give the same archive.
fn pack(sh: &Shell, archive: &Path, directory: &Path, members: &[&str]) -> Result<()> {
    let commit = || cmd!(sh, "git log -1 --format=%ct").quiet().read();
    let time = sh.var("SOURCE_DATE_EPOCH").or_else(|_| commit())?;
    cmd!(
        sh,
        "tar --create --file {archive} --directory {directory} --sort=name --owner=0 --group=0"
    )
    .args(["--numeric-owner", "--mode=u=rwX,go=rX", &format!("--mtime=@{time}")])
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
    use std::collections::BTreeMap;
    use std::fs::{self, Permissions};
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};

    use xshell::Shell;

    use super::{notes, pack_tool};

    #[test]
    fn the_notes_are_the_section_of_the_version_alone() {
        let changelog = "# Changes\n\n## Unreleased\n\n- later\n\n## 1.2.3 - 2027-01-31\n\n### Added\n\n\
             - this\n\n## 1.2.30 - 2026-01-31\n\n- before\n";
        assert_eq!(notes(changelog, "1.2.3"), "### Added\n\n- this");
        assert_eq!(notes(changelog, "1.2.30"), "- before");
        assert_eq!(notes(changelog, "1.2"), "");
    }

    /// The tool that `make build` makes.
    fn tool() -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let tool = root.join("target/release/junction-webhook");
        assert!(tool.exists(), "{} is not there: run make build", tool.display());
        tool
    }

    /// Packs the tool, where files are made with these permissions, and answers the archive.
    fn packed(mode: u32) -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let (copy, licence) = (directory.path().join("tool"), directory.path().join("licence"));
        fs::copy(tool(), &copy).unwrap();
        fs::write(&licence, "the licence\n").unwrap();
        fs::set_permissions(&licence, Permissions::from_mode(mode)).unwrap();
        let sh = Shell::new().unwrap();
        sh.set_var("SOURCE_DATE_EPOCH", "1700000000");
        let archive = directory.path().join("tool.tar");
        pack_tool(&sh, &copy, &licence, &archive).unwrap();
        fs::read(archive.with_extension("tar.gz")).unwrap()
    }

    #[test]
    fn the_tools_archive_has_its_manual_and_completions_where_they_are_looked_for() {
        let archive = packed(0o644);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive.as_slice()));
        let mut found = BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header().clone();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            assert_eq!(header.mtime().unwrap(), 1_700_000_000, "{path}");
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0), "{path}");
            let mode = header.mode().unwrap() & 0o777;
            let is_run = header.entry_type().is_dir() || path == "junction-webhook";
            assert_eq!(mode, if is_run { 0o755 } else { 0o644 }, "{path}");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            if !header.entry_type().is_dir() {
                found.insert(path, bytes);
            }
        }
        let names: Vec<_> = found.keys().map(String::as_str).collect();
        let expected = [
            "LICENSE",
            "junction-webhook",
            "share/bash-completion/completions/junction-webhook",
            "share/fish/vendor_completions.d/junction-webhook.fish",
            "share/man/man1/junction-webhook-check.1",
            "share/man/man1/junction-webhook-completions.1",
            "share/man/man1/junction-webhook-explain.1",
            "share/man/man1/junction-webhook-man.1",
            "share/man/man1/junction-webhook-normalise.1",
            "share/man/man1/junction-webhook-schema.1",
            "share/man/man1/junction-webhook-secret.1",
            "share/man/man1/junction-webhook-send.1",
            "share/man/man1/junction-webhook.1",
            "share/zsh/site-functions/_junction-webhook",
        ];
        assert_eq!(names, expected);
        // What each begins with is how its reader knows it.
        for (path, beginning) in [
            ("share/bash-completion/completions/junction-webhook", "_junction__webhook() {"),
            ("share/fish/vendor_completions.d/junction-webhook.fish", "# Print an optspec"),
            ("share/zsh/site-functions/_junction-webhook", "#compdef junction-webhook"),
        ] {
            let text = String::from_utf8_lossy(found.get(path).unwrap());
            assert!(text.starts_with(beginning), "{path}: {}", text.lines().next().unwrap());
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
        }
        let page = String::from_utf8_lossy(found.get("share/man/man1/junction-webhook.1").unwrap());
        assert!(page.contains(".TH junction-webhook 1"), "{page}");
        assert!(*found.get("junction-webhook").unwrap() == fs::read(tool()).unwrap());
    }

    #[test]
    fn the_tools_archive_has_the_same_bytes_whoever_packs_it() {
        let one = packed(0o644);
        assert!(one == packed(0o644) && one == packed(0o660), "the same files gave other bytes");
    }
}
