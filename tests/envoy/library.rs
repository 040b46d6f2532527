//! What the native module asks of the system that loads it, as `docs/native.md` says.

use std::fs;
use std::process::Command;

use harness::{Host, root};

/// The newest glibc that a symbol of the module may come from. The page names it, and the systems
/// that have it: a newer one is a release that no longer loads there.
const NEWEST_GLIBC: (u32, u32) = (2, 35);
/// The libraries that it is linked to: those that every image with glibc has, Envoy's distroless
/// one among them.
const LIBRARIES: [&str; 2] = ["ld-linux-x86-64.so.2", "libc.so.6"];

/// What readelf of the binutils, which come with a C compiler, says of the module.
fn readelf(what: &str) -> String {
    let output = Command::new("readelf")
        .args(["--wide", what])
        .arg(root().join(Host::Native.module()))
        .env("LC_ALL", "C")
        .output()
        .expect("readelf is missing: install binutils");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_module_needs_no_newer_glibc_and_no_other_library_than_its_page_says() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    let versions = readelf("--version-info");
    let versions = versions.split("GLIBC_").skip(1).filter_map(|text| {
        let (major, minor) = text.split_whitespace().next()?.split_once('.')?;
        // Of 2.2.5, the first two numbers.
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    let newest: (u32, u32) = versions.max().unwrap();
    assert!(newest <= NEWEST_GLIBC, "glibc {newest:?}: {}", readelf("--version-info"));

    let dynamic = readelf("--dynamic");
    let mut libraries: Vec<_> = dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.strip_suffix(']'))
        .collect();
    libraries.sort_unstable();
    assert_eq!(libraries, LIBRARIES);

    let page = fs::read_to_string(root().join("docs/native.md")).unwrap();
    let (major, minor) = NEWEST_GLIBC;
    let named = format!("glibc {major}.{minor}");
    assert!(page.contains(&named), "docs/native.md names {named}");
}

#[test]
fn the_module_fits_into_the_config_map_that_the_manifests_mount() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    // Kubernetes' bound of what one holds.
    let bound = 1 << 20;
    let bytes = fs::metadata(root().join(Host::Native.module())).unwrap().len();
    assert!(bytes < bound, "{bytes} bytes: the pages say that it fits");
}
