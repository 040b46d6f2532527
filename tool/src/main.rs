//! The command `junction-webhook`, for whoever tries or operates the filter.
//!
//! Results go to standard output, everything else to standard error. What is judged is judged by
//! the core, so that the tool says what the filter does; `send` alone signs with other code than
//! the filter verifies with.

mod check;
mod explain;
mod manual;
mod normalise;
mod output;
mod plugin;
mod secret;
mod send;
mod yaml;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser, Subcommand};

/// The event's JSON Schema, as it is published.
const SCHEMA: &str = include_str!("../../schema/junction.event.v1.schema.json");

/// What goes with the Junction webhook filter.
///
/// Exit codes: 0, all is in order; 1, a check failed; 2, the command or its input could not be
/// used.
#[derive(Parser)]
#[command(name = "junction-webhook", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Arguments),
    Explain(Box<explain::Arguments>),
    Normalise(normalise::Arguments),
    Send(send::Arguments),
    /// Prints the JSON Schema of the event that your service gets
    #[command(after_help = "Examples:\n  junction-webhook schema")]
    Schema,
    Secret(secret::Arguments),
    Completions(manual::Completions),
    Man(manual::Man),
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    exit_code(match command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Normalise(arguments) => normalise::run(&arguments),
        Command::Send(arguments) => send::run(&arguments),
        Command::Schema => print_schema(),
        Command::Secret(arguments) => secret::run(&arguments),
        Command::Completions(arguments) => manual::complete(&arguments, Arguments::command()),
        Command::Man(arguments) => manual::man(&arguments, Arguments::command()),
    })
}

fn print_schema() -> Verdict {
    io::stdout().write_all(SCHEMA.as_bytes())?;
    Ok(true)
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
