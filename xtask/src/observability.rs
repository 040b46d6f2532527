//! `make test-observability` and `make dashboard-picture`: alerts and dashboard, with a real
//! Prometheus.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::debian;

/// How the names of the filter's metrics begin.
const METRICS: &str = "junction_webhook_";

/// What Envoy puts before those of the native module.
const NATIVE_PREFIX: &str = "envoy_dynamicmodulescustom_";

/// The alert rules with promtool, and the dashboard's queries against a real Prometheus and Envoys
/// with either host.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    with_prometheus(sh)?;
    {
        let _rules = sh.push_dir("deploy/observability/prometheus");
        cmd!(sh, "promtool check config prometheus.yml").quiet().run()?;
        cmd!(sh, "promtool test rules rules_test.yml").quiet().run()?;
        // The same tests, with the metrics of the native module.
        let rules = sh.read_file("rules.yml")?;
        let tests = native(&sh.read_file("rules_test.yml")?);
        let directory = sh.create_temp_dir()?;
        let _there = sh.push_dir(directory.path());
        sh.write_file("rules.yml", rules)?;
        sh.write_file("rules_test.yml", tests)?;
        cmd!(sh, "promtool test rules rules_test.yml").quiet().run()?;
    }
    for host in ["wasm", "native"] {
        cmd!(sh, "cargo test --locked --test envoy -- dashboard")
            .env("FILTER_HOST", host)
            .quiet()
            .run()?;
    }
    Ok(())
}

/// Rule tests whose series have the names that Envoy gives those of the native module.
fn native(tests: &str) -> String {
    let [wasm, native] = ["", NATIVE_PREFIX].map(|prefix| format!("series: '{prefix}{METRICS}"));
    tests.replace(&wasm, &native)
}

/// Three minutes of a real scrape, as a picture.
pub(crate) fn draw(sh: &Shell) -> Result<()> {
    with_prometheus(sh)?;
    let test = "dashboard::draws_the_dashboard";
    cmd!(sh, "cargo test --locked --test envoy -- --exact {test}")
        .env("DRAW_DASHBOARD", "1")
        .quiet()
        .run()?;
    Ok(())
}

fn with_prometheus(sh: &Shell) -> Result<()> {
    let own = prometheus(sh)?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([own].into_iter().chain(env::split_paths(&path)))?;
    sh.set_var("PATH", path);
    // With it, a missing Prometheus fails the test.
    sh.set_var("REQUIRE_PROMETHEUS", "1");
    Ok(())
}

/// The directory that has prometheus and promtool. Where they are not installed, Debian's package
/// is unpacked under `target/`, which needs no root and starts no service.
pub(crate) fn prometheus(sh: &Shell) -> Result<PathBuf> {
    if let (Some(promtool), Some(_)) = (debian::on_path("promtool"), debian::on_path("prometheus"))
    {
        return promtool.parent().map(PathBuf::from).context("promtool is in no directory");
    }
    let home = sh.current_dir().join("target/prometheus");
    let programs = home.join("usr/bin");
    if !programs.join("promtool").is_file() {
        debian::on_path("apt-get")
            .context("prometheus and promtool are missing: install Prometheus 2.42 or later")?;
        sh.create_dir("target")?;
        // Moved into place whole: an interrupted install leaves no half of one.
        let partial = tempfile::tempdir_in(sh.current_dir().join("target"))?;
        let package = download(sh, partial.path().to_owned())?;
        let unpacked = partial.path().join("home");
        cmd!(sh, "dpkg-deb --extract {package} {unpacked}").quiet().run()?;
        sh.remove_path(&home)?;
        std::fs::rename(unpacked, &home)?;
    }
    Ok(programs)
}

/// Downloads the package into a directory, and answers its file.
fn download(sh: &Shell, into: PathBuf) -> Result<PathBuf> {
    let _there = sh.push_dir(into);
    let download =
        || cmd!(sh, "apt-get download -qq -o APT::Sandbox::User=root prometheus").quiet();
    if download().ignore_stdout().ignore_stderr().run().is_err() {
        // A fresh image has no package lists.
        if debian::is_root(sh) {
            cmd!(sh, "apt-get update -qq").ignore_stdout().quiet().run()?;
        }
        download().ignore_stdout().run().context(
            "prometheus could not be downloaded: see above, or install it \
             (apt-get install prometheus)",
        )?;
    }
    let packages = sh.read_dir(".")?;
    let package =
        packages.into_iter().find(|file| file.extension().is_some_and(|end| end == "deb"));
    package.context("apt-get downloaded no package")
}

#[cfg(test)]
mod tests {
    use super::native;

    #[test]
    fn a_rule_test_names_the_native_modules_series_and_expects_the_same() {
        let test = "{ series: 'junction_webhook_shadow{instance=\"a\"}', values: \"1x9\" }\n\
                    { series: 'envoy_wasm_junction_webhook_vm_reload', values: \"1x9\" }\n\
                    { expr: 'junction_webhook_shadow', eval_time: 9m }\n";
        let expected = "{ series: 'envoy_dynamicmodulescustom_junction_webhook_shadow{instance=\"a\"}', \
                        values: \"1x9\" }\n\
                        { series: 'envoy_wasm_junction_webhook_vm_reload', values: \"1x9\" }\n\
                        { expr: 'junction_webhook_shadow', eval_time: 9m }\n";
        assert_eq!(native(test), expected);
    }
}
