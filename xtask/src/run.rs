//! `make run`: the stub and Envoy with the filter in the foreground, until Ctrl-C or until either
//! ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use loopback::process::Process;
use xshell::{Shell, cmd};

/// The secret that the running Envoy verifies with, for `make send` in another terminal.
pub(crate) const SECRET: &str = "target/run/secret";

/// The one made up where the reader has none, which stays, so that what is in that terminal's
/// environment stays true.
const INVENTED: &str = "target/run/invented";

/// Where the stub listens.
pub(crate) const STUB: &str = "127.0.0.1:9000";

/// Where Envoy does, as `envoy.yaml` says.
const LISTENER: &str = "127.0.0.1:10000";
const ADMIN: &str = "127.0.0.1:9901";

const STUB_PROGRAM: &str = "target/release/upstream-mock";

/// As the configuration's `{"env": …}` has it by default.
const VARIABLE: &str = "JUNCTION_WEBHOOK_SECRET";

/// More than both need to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked whether something has come about.
const PERIOD: Duration = Duration::from_millis(100);

pub(crate) fn run(sh: &Shell) -> Result<()> {
    ensure!(Path::new(STUB_PROGRAM).is_file(), "{STUB_PROGRAM} is not built: run `make run`");
    let interrupts = interrupts()?;
    let envoy = env::var("ENVOY").context("ENVOY names no program: run `make run`")?;
    let secret = Secret::taken_up()?;
    let config = configuration(sh, &envoy)?;

    let mut running = Running::default();
    let admin = format!("http://{ADMIN}");
    running.start(Command::new(STUB_PROGRAM).args(["--listen", STUB, "--envoy-admin", &admin]))?;
    running.start(
        // The access log is written every 10 seconds by default, which is long for whoever watches.
        Command::new(&envoy)
            .args(["--config-path", config, "--use-dynamic-base-id", "--log-level", "warning"])
            .args(["--file-flush-interval-msec", "250"])
            .env(VARIABLE, &secret.value),
    )?;
    for address in [STUB, LISTENER] {
        if !running.until_listens(address, &interrupts)? {
            return Ok(());
        }
    }
    println!(
        "\nPage       http://{STUB}/ shows what arrives\n\
         Webhooks   http://{LISTENER}/v1/webhooks/junction\n\
         Secret     {}\n           {}\n\
         Upstream   http://{STUB}/requests, /events, /markers\n\
         Metrics    http://{ADMIN}/stats/prometheus\n",
        secret.shown(),
        secret.origin()
    );
    println!("{} Below is Envoy's access log; Ctrl-C stops everything.\n", next_step(sh)?);
    running.until_interrupted(&interrupts)
}

/// What the reader does now, by the gauge of the filter's configuration.
fn next_step(sh: &Shell) -> Result<&'static str> {
    let gauge = format!("http://{ADMIN}/stats?filter=junction_webhook_config_ok");
    // A proxy meant for the internet cannot reach this machine's loopback.
    let told = cmd!(sh, "curl --silent --noproxy * --max-time 5 {gauge}").quiet().read()?;
    if told.is_empty() {
        bail!(
            "the filter has no gauge of its configuration at Envoy's admin port: see the messages above"
        );
    }
    Ok(if told.ends_with(": 1") {
        "Next: `make send` in another terminal."
    } else {
        "Every webhook is answered 500, since the configuration is unusable: the line above that begins with\n\
         \"configuration is unusable\" names the field. Stop with Ctrl-C, mend it, and start again."
    })
}

/// The committed configuration of the host, or what becomes of it for an older Envoy.
fn configuration(sh: &Shell, envoy: &str) -> Result<&'static str> {
    if env::var("FILTER_HOST").is_ok_and(|host| host == "native") {
        return Ok("envoy-native.yaml");
    }
    if minor(&cmd!(sh, "{envoy} --version").quiet().read()?).is_some_and(|minor| minor < 40) {
        let file = "target/run/envoy.yaml";
        sh.write_file(file, cmd!(sh, "scripts/older-envoy.sh").quiet().read()?)?;
        return Ok(file);
    }
    Ok("envoy.yaml")
}

/// The release line in `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
fn minor(version: &str) -> Option<u32> {
    version.split("/1.").nth(1)?.split('.').next()?.parse().ok()
}

/// What the webhooks of this run are signed with.
struct Secret {
    value: String,
    invented: String,
}

impl Secret {
    /// The reader's own, or one made up, left where `make send` finds it.
    fn taken_up() -> Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create("target/run")?;
        let invented = match fs::read_to_string(INVENTED) {
            Ok(text) if !text.is_empty() => text.trim_end().to_owned(),
            _ => {
                let mut bytes = [0; 32];
                fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
                let invented = format!("whsec_{}", BASE64_STANDARD.encode(bytes));
                keep(INVENTED, &invented)?;
                invented
            }
        };
        let own = env::var(VARIABLE).ok().filter(|value| !value.is_empty());
        let value = own.unwrap_or_else(|| invented.clone());
        keep(SECRET, &value)?;
        Ok(Self { value, invented })
    }

    fn is_own(&self) -> bool {
        self.value != self.invented
    }

    fn shown(&self) -> &str {
        if self.is_own() { "(not shown)" } else { &self.value }
    }

    const ORIGINS: [&str; 2] = [
        "made up, and kept in target/run; set JUNCTION_WEBHOOK_SECRET to use your own",
        "from JUNCTION_WEBHOOK_SECRET",
    ];

    fn origin(&self) -> &'static str {
        let [invented, own] = Self::ORIGINS;
        if self.is_own() { own } else { invented }
    }
}

impl Drop for Secret {
    /// The reader's own secret is nowhere on the disk but where the reader keeps it.
    fn drop(&mut self) {
        if self.is_own()
            && let Err(error) = keep(SECRET, &self.invented)
        {
            eprintln!("error: your secret is still in {SECRET}: {error}");
        }
    }
}

/// Writes a file that only its owner may read.
fn keep(file: &str, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(file, "{text}")
}

/// A message for each Ctrl-C, and for each other request to end.
fn interrupts() -> Result<Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Where nobody listens, the end has come already.
        let _ = sender.send(());
    })?;
    Ok(receiver)
}

/// The stub and Envoy, which end with this.
#[derive(Default)]
struct Running(Vec<Process>);

impl Running {
    fn start(&mut self, command: &mut Command) -> Result<()> {
        self.0.push(Process::start_aloud(command)?);
        Ok(())
    }

    /// Waits for an address to be taken; false where an interrupt comes first.
    fn until_listens(&mut self, address: &str, interrupts: &Receiver<()>) -> Result<bool> {
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(!self.has_ended()?, "the stub or Envoy ended at once: see its message above");
            ensure!(start.elapsed() < PATIENCE, "nothing listens on {address} after 30 seconds");
            if interrupts.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn until_interrupted(&mut self, interrupts: &Receiver<()>) -> Result<()> {
        while interrupts.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
            ensure!(!self.has_ended()?, "the stub or Envoy ended: see its message above");
        }
        Ok(())
    }

    fn has_ended(&mut self) -> io::Result<bool> {
        for process in &mut self.0 {
            if process.ended()?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn the_release_line_of_an_envoy_is_read() {
        let version = "\nenvoy  version: 2f7aa34/1.38.2/Clean/RELEASE/BoringSSL\n";
        assert_eq!(minor(version), Some(38));
        assert_eq!(minor("no version"), None);
    }
}
