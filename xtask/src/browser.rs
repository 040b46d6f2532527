//! `make test-page` and `make page-pictures`: the stub's page in a real Chromium.

use std::fs;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::debian;

/// What the README may cost its readers for each picture, in bytes.
const MAX_PICTURE_BYTES: u64 = 150_000;

/// Any of these programs, and Debian's package of the first.
type Need = (&'static [&'static str], &'static str);

/// What the tests need.
const BROWSER: [Need; 2] = [
    (&["chromium", "google-chrome", "chromium-browser"], "chromium"),
    (&["chromedriver"], "chromium-driver"),
];

/// The tests of the page.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    require(sh, &BROWSER)?;
    cmd!(sh, "cargo test --locked --package page").quiet().run()?;
    Ok(())
}

/// The pictures of the page, drawn from real webhooks.
pub(crate) fn draw(sh: &Shell) -> Result<()> {
    require(sh, &BROWSER)?;
    require(sh, &[(&["pngquant"], "pngquant")])?;
    if debian::can_install(sh) {
        // The page's first choice of a typeface; any other would do, but the pictures would change
        // with it.
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

/// Installs the packages of what is missing.
fn require(sh: &Shell, needs: &[Need]) -> Result<()> {
    let is_missing =
        |programs: &[&str]| programs.iter().all(|program| debian::on_path(program).is_none());
    let missing: Vec<&str> = needs
        .iter()
        .filter(|(programs, _)| is_missing(programs))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !debian::can_install(sh) {
        bail!(
            "missing: {}; as root on Debian this target installs it, else: apt-get install {}",
            missing.join(" and "),
            missing.join(" ")
        );
    }
    debian::install(sh, &missing)
}
