//! `make test-docker`: every command of docs/docker.md on a Docker engine, from a copy of the
//! sources, and what must have come of each.

mod services;

use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::docker::services::Services;
use crate::page::{self, Terminal};

/// What compose publishes.
const PORTS: [u16; 4] = [3000, 9000, 9090, 10000];

/// Away from the developer's containers and volumes.
const PROJECT: &str = "junction-webhook-test";

/// Fewer than docs/docker.md has: so many must be found.
const LEAST: usize = 13;

/// Compose is a plugin of docker's command, or, as on older Debian, a command of its own.
const OLDER_COMPOSE: &str = "#!/bin/sh
if [ \"$1\" = compose ]; then shift; exec docker-compose \"$@\"; fi
PATH=${PATH#*:}
exec docker \"$@\"
";

pub(crate) fn check(sh: &Shell) -> Result<()> {
    if cmd!(sh, "docker info").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        eprintln!(
            "\nSKIPPED: docs/docker.md was NOT tested: no Docker engine answers; .ci/test-docker.sh, as root on \
             Debian, starts one\n"
        );
        return Ok(());
    }
    for port in PORTS {
        ensure!(
            TcpStream::connect(("127.0.0.1", port)).is_err(),
            "port {port} is taken (`make run`?): stop what listens there"
        );
    }
    let mut stage = Stage::new(sh)?;
    let told = stage.follow();
    if told.is_err() {
        let _ = stage.terminal.program("docker").args(["compose", "logs", "--tail", "40"]).status();
    }
    told.context("docs/docker.md")
}

/// A copy of the sources, and where the commands are typed.
struct Stage {
    terminal: Terminal,
    _copy: TempDir,
    /// Those that `compose up` started.
    started: String,
}

impl Stage {
    fn new(sh: &Shell) -> Result<Self> {
        let copy = tempfile::tempdir()?;
        let sources = copy.path().join("copy");
        sh.create_dir(&sources)?;
        let pack = "git ls-files -z --cached --others --exclude-standard \
                    | tar --create --null --files-from - | tar --extract -C \"$1\"";
        cmd!(sh, "bash -o pipefail -c {pack} bash {sources}").quiet().run()?;

        let mut terminal = Terminal::new(sources)?;
        terminal.unset("JUNCTION_WEBHOOK_SECRET");
        terminal.unset("JUNCTION_WEBHOOK_SECRET_PREVIOUS");
        terminal.set("COMPOSE_PROJECT_NAME", PROJECT);
        if cmd!(sh, "docker compose version").quiet().ignore_stdout().ignore_stderr().run().is_err()
        {
            cmd!(sh, "docker-compose version").quiet().ignore_stdout().run()?;
            let own = sh.create_dir(copy.path().join("bin"))?;
            sh.write_file(own.join("docker"), OLDER_COMPOSE)?;
            cmd!(sh, "chmod +x {own}/docker").quiet().run()?;
            let path = sh.var("PATH")?;
            terminal.set("PATH", format!("{}:{path}", own.display()));
        }
        Ok(Self { terminal, _copy: copy, started: String::new() })
    }

    fn follow(&mut self) -> Result<()> {
        let text = std::fs::read_to_string("docs/docker.md")?;
        let commands = page::commands(&text);
        ensure!(commands.len() >= LEAST, "only {} commands found", commands.len());
        for command in &commands {
            if command.contains("compose --profile send down ") {
                self.services().before_down()?;
            }
            // Nobody sits at a terminal here.
            let told =
                self.terminal.expect(&command.replace("run --rm send", "run --rm -T send"))?;
            self.look(command, &told).with_context(|| format!("`{command}` told: {told}"))?;
        }
        println!("{} commands of docs/docker.md run; services: {}", commands.len(), self.started);
        Ok(())
    }

    /// What must have come of a command.
    fn look(&mut self, command: &str, told: &str) -> Result<()> {
        let expected = [
            (" --expect 401", &[r#"401 {"error":"signature_verification_failed""#][..]),
            (" --expect 400", &[r#"400 {"error":"validation_error""#]),
            ("msg_twice", &[r#""ingested_count":9"#, r#""ingested_count":0"#]),
            (" run --rm ", &[r#"200 {"received":true"#]),
            ("9000/markers", &[r#""slug":"hemoglobin""#]),
            ("compose logs ", &[r#""verdict":"rejected""#]),
        ];
        if command.contains("compose up --build ") {
            self.started = self.services().after_up()?;
        } else if command.contains("compose --profile send down ") {
            self.services().after_down()?;
        } else if let Some((_, texts)) = expected.iter().find(|(part, _)| command.contains(part)) {
            for text in *texts {
                ensure!(told.contains(text), "no {text}");
            }
        }
        Ok(())
    }

    fn services(&self) -> Services<'_> {
        Services::new(&self.terminal)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let mut down = self.terminal.program("docker");
        down.args(["compose", "--profile", "send", "down", "--volumes", "--rmi", "local"]);
        let _ = down.output();
    }
}
