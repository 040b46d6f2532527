//! `make test-page` and `make page-pictures`: the stub's page in a real Chromium.

use std::fs;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::debian;

/// What the README may cost its readers for each picture, in bytes.
const MAX_PICTURE_BYTES: u64 = 150_000;

/// The tests of the page.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    require(sh, &[("chromium", "chromium"), ("chromedriver", "chromium-driver")])?;
    cmd!(sh, "cargo test --locked --package page").quiet().run()?;
    Ok(())
}

/// The pictures of the page, drawn from real webhooks.
pub(crate) fn draw(sh: &Shell) -> Result<()> {
    require(
        sh,
        &[("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("pngquant", "pngquant")],
    )?;
    if debian::can_install(sh) {
        // The page's first choice of a typeface; any other would do, but the pictures would change with it.
        debian::install(sh, &["fonts-inter"])?;
    }
    let test = "pictures::draws_the_pages_pictures";
    cmd!(sh, "cargo test --locked --package page -- --ignored --exact {test}").quiet().run()?;
    for entry in fs::read_dir("docs/images")? {
        let file = entry?.path();
        // No other picture is a PNG.
        if file.extension().is_none_or(|end| end != "png") {
            continue;
        }
        cmd!(sh, "pngquant --force --strip --speed 1 --ext .png 256 {file}").quiet().run()?;
        let bytes = fs::metadata(&file)?.len();
        if bytes > MAX_PICTURE_BYTES {
            bail!("{} has {bytes} bytes, more than {MAX_PICTURE_BYTES}", file.display());
        }
    }
    Ok(())
}

/// Installs the packages of the programs that are missing; each is a program and its package.
fn require(sh: &Shell, programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| debian::on_path(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !debian::can_install(sh) {
        bail!(
            "{} missing, and not root on Debian to install it: apt-get install {}",
            missing.join(" and "),
            missing.join(" ")
        );
    }
    debian::install(sh, &missing)
}
