//! The commands of a page, run one after the other as a reader would.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// The lines of its `sh` blocks.
pub(crate) fn commands(page: &str) -> Vec<&str> {
    let mut inside = false;
    let mut commands = Vec::new();
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            _ if line.starts_with("```") => inside = false,
            _ if inside => commands.push(line),
            _ => {}
        }
    }
    commands
}

/// Where a reader types: what one command exports, the next one has.
pub(crate) struct Terminal {
    directory: PathBuf,
    variables: BTreeMap<OsString, OsString>,
    work: TempDir,
}

/// Runs a command, and writes down the variables that it leaves behind.
const RUN: &str = r#"eval "$1"; status=$?; env -0 >"$2"; exit "$status""#;

impl Terminal {
    /// One in a directory, with the variables of this process.
    pub(crate) fn new(directory: PathBuf) -> Result<Self> {
        let variables = env::vars_os().collect();
        Ok(Self { directory, variables, work: tempfile::tempdir()? })
    }

    /// Changes a variable.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Removes a variable.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.remove(OsStr::new(name));
    }

    /// A program as it would be found from here.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.directory).env_clear().envs(&self.variables);
        command
    }

    /// Runs a command, and answers whether it succeeded, and all that it wrote.
    pub(crate) fn run(&mut self, command: &str) -> Result<(bool, String)> {
        let [log, left] = ["log", "left"].map(|name| self.work.path().join(name));
        let file = File::create(&log)?;
        let status = self
            .program("bash")
            .args(["-c", RUN, "bash", command])
            .arg(&left)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .context("bash does not start")?;
        self.variables = variables(&fs::read(&left)?);
        Ok((status.success(), String::from_utf8_lossy(&fs::read(&log)?).into_owned()))
    }

    /// Runs a command that succeeds, and answers all that it wrote.
    pub(crate) fn expect(&mut self, command: &str) -> Result<String> {
        println!("+ {command}");
        let (succeeded, told) = self.run(command)?;
        ensure!(succeeded, "`{command}` failed: {told}");
        Ok(told)
    }
}

/// Reads what `env -0` writes.
fn variables(text: &[u8]) -> BTreeMap<OsString, OsString> {
    let lines = text.split(|&byte| byte == 0).map(OsStr::from_bytes);
    lines
        .filter_map(|line| {
            let at = line.as_bytes().iter().position(|&byte| byte == b'=')?;
            let (name, value) = line.as_bytes().split_at(at);
            Some((OsStr::from_bytes(name).into(), OsStr::from_bytes(value.get(1..)?).into()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Terminal, commands};

    #[test]
    fn only_blocks_of_commands_are_read() {
        let page = "a\n```sh\nmake run\nexport A=1\n```\n```json\n{}\n```\n```sh feed\nno\n```\n";
        assert_eq!(commands(page), ["make run", "export A=1"]);
    }

    #[test]
    fn what_a_command_exports_the_next_one_has() {
        let mut terminal = Terminal::new(std::env::temp_dir()).unwrap();
        assert_eq!(terminal.expect("export A_WORD=$'two\nlines'").unwrap(), "");
        assert_eq!(terminal.expect("printf %s \"$A_WORD\"").unwrap(), "two\nlines");
        terminal.unset("A_WORD");
        assert_eq!(
            terminal.run("printf '%s' \"${A_WORD-none}\"; false").unwrap(),
            (false, "none".into())
        );
        terminal.set("A_WORD", "set");
        let error = terminal.expect("echo \"$A_WORD\" >&2; exit 3").unwrap_err().to_string();
        assert_eq!(error, "`echo \"$A_WORD\" >&2; exit 3` failed: set\n");
    }
}
