//! The command `junction-webhook`, for whoever tries or operates the filter.
//!
//! Results go to standard output, everything else to standard error. What is judged is judged by the
//! core, so that the tool says what the filter does; `send` alone signs with other code than the
//! filter verifies with.

mod check;
mod output;
mod plugin;
mod send;
mod yaml;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// What goes with the Junction webhook filter.
///
/// Exit codes: 0, all is in order; 1, a check failed; 2, the command or its input could not be used.
#[derive(Parser)]
#[command(name = "junction-webhook", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    Send(send::Arguments),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = match command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Send(arguments) => send::run(&arguments),
    };
    exit_code(result)
}

/// Whether all was in order, or why the command could not be carried out.
type Verdict = Result<bool, Box<dyn Error>>;

fn exit_code(result: Verdict) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Where nobody reads on, as behind `| head`, there is nothing to say.
            let is_unread = error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
            if !is_unread {
                // Where standard error is closed there is nobody to tell.
                let _ = writeln!(io::stderr(), "junction-webhook: {error}");
            }
            ExitCode::from(2)
        }
    }
}
