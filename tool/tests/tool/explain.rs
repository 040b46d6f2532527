//! `junction-webhook explain` as scripts and people use it.

mod advice;
mod causes;
mod verdicts;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

/// Five seconds after everything here was signed.
const AT: &str = "1731705126";

fn explain(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_junction-webhook"));
    command.arg("explain").args(arguments);
    command.env_remove("JUNCTION_WEBHOOK_SECRET").env_remove("JUNCTION_WEBHOOK_SECRET_PREVIOUS");
    command
}

fn run(mut command: Command, input: &[u8]) -> Output {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    process.wait_with_output().unwrap()
}
