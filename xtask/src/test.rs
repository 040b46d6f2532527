//! `make test`: every test, and how long the slowest took.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::readme;

/// How many of the slowest tests are told.
const SLOWEST: usize = 10;

/// Cargo's runner of test programs, which has each test tell its time.
const RUNNER: &str = "scripts/timed-test.sh";

/// The manifests' tests, which are long to build and start nothing, are built and run while the
/// others wait for Envoys.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    // For these commands alone: `cargo xtask`, of which the README's commands are a part, heeds it
    // as well.
    let timed = (runner_variable(&cmd!(sh, "rustc --version --verbose").quiet().read()?)?, RUNNER);
    let logs = sh.create_dir("target/test")?;
    let [all, manifests] = ["all.log", "manifests.log"].map(|name| logs.join(name));

    println!("==> Building the tests");
    cmd!(sh, "cargo test --locked --no-run").quiet().run()?;
    println!("==> Running the tests; meanwhile building those of the manifests");
    let mut beside = Manifests { file: &manifests, timed: &timed, build: None };
    let tests = Command::from(cmd!(sh, "cargo test --locked").env(&timed.0, timed.1));
    ensure!(run_aloud(tests, &all, || beside.start(sh))?, "tests fail: see above");
    println!("==> The tests of the manifests");
    beside.finish()?;
    println!("==> The tests of the native module");
    native(sh)?;

    println!("==> The commands of README.md");
    readme::check(sh)?;

    println!("\nThe ten slowest tests, in seconds:");
    let told = [&all, &manifests].map(fs::read_to_string);
    let told = told.into_iter().collect::<Result<String, _>>()?;
    for (seconds, name) in slowest(&told) {
        println!("{seconds} {name}");
    }
    Ok(())
}

/// `make test-native`: the native module's own tests, and those against a real Envoy with it in
/// the Wasm module's place.
pub(crate) fn native(sh: &Shell) -> Result<()> {
    cmd!(sh, "cargo test --locked --package junction-webhook-native").quiet().run()?;
    panicking_module(sh)?;
    cmd!(sh, "cargo test --locked --test envoy --test proof")
        .env("FILTER_HOST", "native")
        .quiet()
        .run()?;
    Ok(())
}

/// Builds the dynamic module that panics where a request asks for it, for the tests of what comes
/// of that.
pub(crate) fn panicking_module(sh: &Shell) -> Result<()> {
    // Also where the reader has set another directory.
    let options = ["--target-dir", "target", "--features", "panicking"];
    cmd!(sh, "cargo build --locked --package junction-webhook-native {options...}")
        .quiet()
        .run()?;
    sh.create_dir("target/panicking")?;
    // Another build would be put in its place.
    sh.copy_file("target/debug/libjunction_webhook.so", "target/panicking")?;
    Ok(())
}

/// `CARGO_TARGET_<triple>_RUNNER`, for this machine's own triple.
fn runner_variable(version: &str) -> Result<String> {
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not tell its host")?;
    Ok(format!("CARGO_TARGET_{}_RUNNER", host.replace('-', "_").to_uppercase()))
}

/// Runs a command whose output goes to the file too, errors with the rest; false where it fails.
/// `started` is called once the first program runs: cargo has let go of its directory by then.
fn run_aloud(
    mut command: Command,
    file: &Path,
    mut started: impl FnMut() -> Result<()>,
) -> Result<bool> {
    let (reader, writer) = std::io::pipe()?;
    let mut child = command.stdout(writer.try_clone()?).stderr(writer).spawn()?;
    // What it still holds of the pipe would keep it from ending.
    drop(command);
    let mut log = fs::File::create(file)?;
    let mut waiting = true;
    for line in BufReader::new(reader).split(b'\n') {
        let mut line = line?;
        line.push(b'\n');
        std::io::stdout().write_all(&line)?;
        log.write_all(&line)?;
        if waiting && line.trim_ascii_start().starts_with(b"Running ") {
            waiting = false;
            started()?;
        }
    }
    Ok(child.wait()?.success())
}

/// The tests of the manifests, on their way.
struct Manifests<'a> {
    file: &'a Path,
    /// The variable and the runner that has each test tell its time.
    timed: &'a (String, &'static str),
    build: Option<Child>,
}

impl Manifests<'_> {
    fn start(&mut self, sh: &Shell) -> Result<()> {
        let file = fs::File::create(self.file)?;
        let test = cmd!(sh, "nice cargo test --locked --package manifests");
        let test = test.env(&self.timed.0, self.timed.1);
        let mut test = Command::from(test);
        self.build =
            Some(test.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?);
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        let mut build =
            self.build.take().context("no test ran beside which they could be built")?;
        let passed = build.wait()?.success();
        let told = fs::read_to_string(self.file)?;
        for line in told.lines().filter(|line| !passed || line.starts_with("test ")) {
            println!("{line}");
        }
        ensure!(passed, "the tests of the manifests fail: see above");
        Ok(())
    }
}

impl Drop for Manifests<'_> {
    fn drop(&mut self) {
        if let Some(build) = &mut self.build {
            let _ = build.kill();
            let _ = build.wait();
        }
    }
}

/// The seconds and the names of the slowest of the tests that told their time.
fn slowest(told: &str) -> Vec<(f64, &str)> {
    let mut tests: Vec<_> = told.lines().filter_map(timed).collect();
    tests.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    tests.truncate(SLOWEST);
    tests
}

/// `test name ... ok <1.234s>`
fn timed(line: &str) -> Option<(f64, &str)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let seconds = rest.rsplit_once('<')?.1.strip_suffix("s>")?;
    Some((seconds.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::{runner_variable, slowest};

    #[test]
    fn the_slowest_test_comes_first_and_what_tells_no_time_is_left_out() {
        let told = "running 3 tests\ntest a::quick ... ok <0.020s>\ntest b ... ignored\n\
                    test c::slow ... FAILED <12.500s>\n";
        assert_eq!(slowest(told), [(12.5, "c::slow"), (0.02, "a::quick")]);
    }

    #[test]
    fn the_runner_is_set_for_this_machine() {
        let version = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        let variable = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";
        assert_eq!(runner_variable(version).unwrap(), variable);
    }
}
