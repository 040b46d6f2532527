//! `make bench`: the filter beside the other ways to do its work.

use anyhow::{Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::debian;
use crate::sources;
use crate::versions::Versions;

/// nginx's module that reads a body before it answers.
const ECHO_MODULE: &str = "/usr/lib/nginx/modules/ngx_http_echo_module.so";
const UPSTREAM: [&str; 2] = ["nginx-light", "libnginx-mod-http-echo"];

/// Options go to the harness.
pub(crate) fn run(sh: &Shell, options: &[String]) -> Result<()> {
    build(sh)?;
    let filters = ["--package", "empty-filter", "--package", "floor-filter", "--lib"];
    cmd!(sh, "cargo build --release --locked {filters...} --target wasm32-wasip1").quiet().run()?;
    cmd!(sh, "scripts/build-module.sh native").quiet().run()?;
    cmd!(sh, "target/release/bench {options...}").quiet().run()?;
    Ok(())
}

/// The Wasm module of this tree beside that of an earlier commit.
pub(crate) fn against(sh: &Shell, commit: &str, options: &[String]) -> Result<()> {
    // Apart from this tree, whose cargo configuration would count there.
    let earlier = tempfile::tempdir()?;
    sources::unpack(sh, commit, earlier.path())?;
    sources::build_module(sh, earlier.path(), &[])?;
    let module = earlier.path().join("target/wasm32-wasip1/release/junction_webhook_filter.wasm");
    build(sh)?;
    cmd!(sh, "target/release/bench --against {module} {options...}").quiet().run()?;
    Ok(())
}

/// The Wasm module and the harness, which every run has, and what they need.
fn build(sh: &Shell) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "the accounting reads /proc: only Linux has it");
    if debian::on_path("nginx").is_none() || !sh.path_exists(ECHO_MODULE) {
        if !debian::can_install(sh) {
            bail!("the upstream is missing: install Debian's packages {}", UPSTREAM.join(" and "));
        }
        debian::install(sh, &UPSTREAM)?;
    }
    cmd!(sh, "scripts/build-module.sh").quiet().run()?;
    cmd!(sh, "cargo build --release --locked --package bench").quiet().run()?;
    if sh.var_os("ENVOY").is_none_or(|envoy| envoy.is_empty()) {
        sh.set_var("ENVOY", Versions::read(sh)?.pinned_envoy());
    }
    Ok(())
}
