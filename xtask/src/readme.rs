//! `cargo xtask test-readme`: every command of README.md, as a newcomer would give them.

use std::env;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use loopback::process::Process;
use xshell::{Shell, cmd};

use crate::page::{self, Terminal};

/// Set where this runs in a network of its own.
const OWN_NETWORK: &str = "README_NETWORK";

/// Runs its arguments in a network that has a loopback.
const OWN_NETWORK_UP: &str = r#"ip link set lo up && exec "$@""#;

/// More than a machine needs that is busy with something else.
const PATIENCE: Duration = Duration::from_mins(1);

/// Fewer than README.md has: so many must be found.
const LEAST: usize = 9;

pub(crate) fn check(sh: &Shell) -> Result<()> {
    // `make run` has fixed ports: in a network of its own the test runs beside another `make run`.
    if env::var_os(OWN_NETWORK).is_none() {
        let own =
            || cmd!(sh, "unshare --map-root-user --net bash -c {OWN_NETWORK_UP} bash").quiet();
        if own().arg("true").ignore_stderr().run().is_ok() {
            // Not this very program, which the build of the tests may have replaced.
            return Ok(own()
                .args(["cargo", "xtask", "test-readme"])
                .env(OWN_NETWORK, "own")
                .run()?);
        }
        if TcpStream::connect("127.0.0.1:10000").is_ok() {
            eprintln!(
                "SKIPPED: the commands of README.md, since port 10000 is taken and this machine \
                 has no unshare"
            );
            return Ok(());
        }
    }
    follow(sh).context("README.md")
}

fn follow(sh: &Shell) -> Result<()> {
    let page = sh.read_file("README.md")?;
    let commands = page::commands(&page);
    ensure!(commands.len() >= LEAST, "only {} commands found", commands.len());
    let mut terminal = Terminal::new(sh.current_dir())?;
    let mut runs = None;
    for command in &commands {
        if *command == "make run" {
            println!("+ {command}");
            runs = Some(run(&terminal)?);
        } else {
            look(command, &terminal.expect(command)?)?;
        }
    }
    drop(runs);
    println!("{} commands of README.md run", commands.len());
    Ok(())
}

/// What must have come of a command.
fn look(command: &str, told: &str) -> Result<()> {
    if command.contains("msg_forged") {
        let refused = told.starts_with(r#"{"error":"signature_verification_failed""#);
        ensure!(refused, "a forgery is answered: {told}");
    }
    if command.ends_with("9000/requests") {
        ensure!(told.contains("msg_42"), "the stub shows no request: {told}");
        ensure!(!told.contains("msg_forged"), "the stub saw the forgery: {told}");
    }
    Ok(())
}

/// Starts `make run`, and waits until it says what to do next.
fn run(terminal: &Terminal) -> Result<Process> {
    let mut command = terminal.program("make");
    command.arg("run");
    let mut process = Process::start(&command)?;
    let ready =
        process.stdout().find_within(PATIENCE, |line| line.strip_prefix("Next: ").map(drop));
    if ready.is_none() {
        let told = format!("{}\n{}", process.stdout().text(), process.stderr().text());
        match process.ended()? {
            Some(_) => bail!("`make run` ended: {told}"),
            None => bail!("`make run` is not ready after a minute: {told}"),
        }
    }
    Ok(process)
}
