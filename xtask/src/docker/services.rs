//! The services that compose started, from outside.

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::PROJECT;
use crate::page::Terminal;

/// How long anything may take to come about.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(500);

/// Whom the processes of a service run as, where its image is the project's own.
const USERS: [(&str, Option<&str>); 3] =
    [("envoy", Some("101")), ("upstream-mock", Some("65532")), ("prometheus", None)];

const STUB: &str = "http://127.0.0.1:9000";
const PROMETHEUS: &str = "http://127.0.0.1:9090/api/v1";

/// What a scrape comes to have.
const SCRAPED: [&str; 4] = [
    r#"up{job="junction-webhook"} == 1"#,
    "junction_webhook_config_ok == 1",
    r#"junction_webhook_requests_total{outcome="forwarded"} >= 1"#,
    r#"junction_webhook_requests_total{outcome="rejected", reason="signature_mismatch"} >= 1"#,
];

pub(super) struct Services<'a> {
    terminal: &'a Terminal,
}

impl<'a> Services<'a> {
    pub(super) const fn new(terminal: &'a Terminal) -> Self {
        Self { terminal }
    }

    /// All are healthy, none runs as root, and nobody reaches Envoy's admin port. Answers their
    /// names.
    pub(super) fn after_up(&self) -> Result<String> {
        let filter = format!("label=com.docker.compose.project={PROJECT}");
        let name = r#"{{.Label "com.docker.compose.service"}}"#;
        // Those that were started, whether they run or not.
        let started =
            self.told("docker", &["ps", "--all", "--filter", &filter, "--format", name])?;
        for service in started.lines() {
            let container = self.container(service)?;
            let health = ["inspect", "--format", "{{.State.Health.Status}}", &container];
            eventually(&format!("healthy {service}"), || {
                Ok(self.told("docker", &health)?.trim() == "healthy")
            })?;
        }
        for (service, user) in USERS {
            ensure!(started.lines().any(|one| one == service), "started: {started}");
            // Of what runs, and not of what was asked for.
            let processes =
                self.told("docker", &["top", &self.container(service)?, "-eo", "pid,uid"])?;
            for process in processes.lines().skip(1) {
                let runs_as =
                    process.split_whitespace().nth(1).context("docker top tells no user")?;
                let right = runs_as != "0" && user.is_none_or(|user| user == runs_as);
                ensure!(right, "{service} runs as user {runs_as}");
            }
        }
        ensure!(TcpStream::connect("127.0.0.1:9901").is_err(), "Envoy's admin port is published");
        let reach = "docker compose run --rm -T --entrypoint /junction-webhook send \
                     send --url http://envoy:9901/";
        let (reached, told) = self.attempt(reach)?;
        ensure!(
            !reached && told.contains("connection refused"),
            "the admin port is reached: {told}"
        );
        let runs = self.told("docker", &["compose", "exec", "-T", "envoy", "cat", "envoy.yaml"])?;
        let committed = self.told("deploy/docker/container-config.sh", &[])?;
        ensure!(runs == committed, "the container has another configuration");
        Ok(started.lines().collect::<Vec<_>>().join(" "))
    }

    /// Seven good webhooks were sent, two of them with one id; the forgery and the bad document
    /// have left nothing.
    pub(super) fn before_down(&self) -> Result<()> {
        let requests = self.json(&format!("{STUB}/requests"))?;
        let came = items(&requests)?.iter().filter(|one| one["method"] == "POST").count();
        ensure!(came == 7, "the stub saw {came} webhooks: {requests}");
        let stored = || self.told("curl", &["-sSf", &format!("{STUB}/events")]);
        let before = stored()?;
        let events: Value = serde_json::from_str(&before)?;
        let ids: Vec<_> =
            items(&events)?.iter().filter_map(|one| one["event_id"].as_str()).collect();
        ensure!(ids.len() == 6, "other events are stored: {events}");
        let twice = ids.iter().filter(|&&id| id == "msg_twice").count();
        ensure!(twice == 1, "an event sent twice is not stored once: {events}");

        let compose = fs::read_to_string("compose.yaml")?;
        let known = compose.split("SECRET-").nth(1).and_then(|rest| rest.split('}').next());
        let known = known.context("compose.yaml has no secret for a demonstration")?;
        let forge = format!(
            "docker compose run --rm -T -e JUNCTION_WEBHOOK_SECRET={known} send --expect 401"
        );
        let (refused, told) = self.attempt(&forge)?;
        ensure!(refused, "the demonstration's secret is still taken after a rotation: {told}");

        for query in SCRAPED {
            eventually(query, || {
                let query = format!("query={query}");
                let url = format!("{PROMETHEUS}/query");
                let told =
                    self.told("curl", &["-sSf", "--get", "--data-urlencode", &query, &url])?;
                let answer: Value = serde_json::from_str(&told)?;
                Ok(answer.pointer("/data/result/0").is_some())
            })?;
        }
        let rules = self.json(&format!("{PROMETHEUS}/rules"))?.to_string();
        ensure!(rules.contains("JunctionWebhookConfigurationBroken"), "no alert: {rules}");

        self.told("docker", &["compose", "restart", "upstream-mock"])?;
        eventually("events after a restart of the stub", || Ok(stored()? == before))
    }

    /// No volume is left.
    pub(super) fn after_down(&self) -> Result<()> {
        let filter = format!("label=com.docker.compose.project={PROJECT}");
        let left = self.told("docker", &["volume", "ls", "--quiet", "--filter", &filter])?;
        ensure!(left.is_empty(), "volumes are left: {left}");
        Ok(())
    }

    fn container(&self, service: &str) -> Result<String> {
        Ok(self.told("docker", &["compose", "ps", "--quiet", service])?.trim().to_owned())
    }

    fn json(&self, url: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.told("curl", &["-sSf", url])?)?)
    }

    /// Runs a program that succeeds, and answers its output.
    fn told(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.terminal.program(program).args(arguments).output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {} fails: {error}", arguments.join(" "));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs a command line, and answers whether it succeeded, and all that it wrote.
    fn attempt(&self, command: &str) -> Result<(bool, String)> {
        let output = self.terminal.program("bash").args(["-c", command]).output()?;
        let told = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&told).into_owned()))
    }
}

fn items(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().with_context(|| format!("no list: {value}"))
}

/// Waits for something to be so; that it cannot be asked yet is no error.
fn eventually(what: &str, so: impl Fn() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    loop {
        match so() {
            Ok(true) => return Ok(()),
            told if start.elapsed() > PATIENCE => {
                told?;
                anyhow::bail!("no {what} after a minute");
            }
            _ => std::thread::sleep(PERIOD),
        }
    }
}
