//! `junction-webhook completions` and `man`: what a shell and `man` know of the commands.
//!
//! Both are made from the commands themselves, by clap's own crates.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use clap_complete::Shell;

use crate::Verdict;

const NAME: &str = "junction-webhook";

/// Prints completions for a shell.
#[derive(Args)]
#[command(after_help = "Examples:
  junction-webhook completions bash
  junction-webhook completions zsh")]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the manual page, in roff.
#[derive(Args)]
#[command(after_help = "Examples:
  junction-webhook man
  junction-webhook man | head -n 5")]
pub(crate) struct Man {
    /// Write it and a page for each command into this directory instead
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,
}

pub(crate) fn complete(arguments: &Completions, mut command: clap::Command) -> Verdict {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, NAME, &mut text);
    io::stdout().write_all(&text)?;
    Ok(true)
}

pub(crate) fn man(arguments: &Man, command: clap::Command) -> Verdict {
    if let Some(directory) = &arguments.into {
        clap_mangen::generate_to(command, directory)
            .map_err(|error| format!("{}: cannot write: {error}", directory.display()))?;
        return Ok(true);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(true)
}
