//! `make send`: one good webhook and three bad ones to what `make run` started, and what became of
//! them.

use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use serde_json::value::RawValue;
use xshell::{Shell, cmd};

use crate::run::{SECRET, STUB};

/// The tool, by `make build`.
const TOOL: &str = "target/release/junction-webhook";

/// A title, how the webhook is spoilt, and the answer's status.
const WEBHOOKS: [(&str, &[&str], &str); 4] = [
    ("A signed result is verified, normalised and stored:", &[], "200"),
    ("A body changed after signing is refused:", &["--tamper", "body"], "401"),
    ("A timestamp changed after signing is refused:", &["--tamper", "timestamp"], "401"),
    ("A changed signature is refused:", &["--tamper", "signature"], "401"),
];

pub(crate) fn run(sh: &Shell) -> Result<()> {
    let secret = fs::read_to_string(SECRET)
        .context("nothing runs yet: start `make run` in another terminal first")?;
    // In the environment and not an argument, where every user of this machine could read it.
    sh.set_var("JUNCTION_WEBHOOK_SECRET", secret.trim_end());
    let before = seen(sh).with_context(|| {
        format!("the stub does not answer on http://{STUB}: is `make run` still running?")
    })?;

    let mut as_expected = true;
    for (title, options, status) in WEBHOOKS {
        writeln!(io::stdout(), "\n{title}")?;
        let sent = cmd!(sh, "{TOOL} send {options...} --expect {status}").quiet().run();
        as_expected &= sent.is_ok();
    }

    let came = seen(sh)?.saturating_sub(before);
    let mut out = io::stdout();
    writeln!(out, "\nOf these four the upstream saw {came}. It stored these markers:")?;
    for marker in serde_json::from_str::<Vec<&RawValue>>(&get(sh, "/markers")?)? {
        writeln!(out, "{marker}")?;
    }
    ensure!(as_expected, "an answer was not the expected one: see above");
    Ok(())
}

/// How many requests reached the stub so far.
fn seen(sh: &Shell) -> Result<usize> {
    Ok(serde_json::from_str::<Vec<&RawValue>>(&get(sh, "/requests")?)?.len())
}

fn get(sh: &Shell, path: &str) -> Result<String> {
    // Not through a proxy, which cannot reach this machine's loopback.
    Ok(cmd!(sh, "curl --silent --fail --noproxy * http://{STUB}{path}").quiet().read()?)
}
