//! Runs the stub's binary on a free port, and speaks HTTP to it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use serde_json::Value;
use ureq::Agent;

/// Longer than any answer takes, so that a stub that hangs fails its test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running stub, killed when dropped.
pub struct Running {
    process: Child,
    pub address: String,
    agent: Agent,
}

pub fn start(arguments: &[&str]) -> Running {
    let mut process = Command::new(env!("CARGO_BIN_EXE_upstream-mock"))
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").expect("one line").to_owned();
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .build()
        .new_agent();
    Running { process, address, agent }
}

impl Running {
    pub fn post(&self, body: impl AsRef<[u8]>) -> (u16, String) {
        self.post_to("/v1/webhooks/junction", body)
    }

    pub fn post_to(&self, path: &str, body: impl AsRef<[u8]>) -> (u16, String) {
        let mut response = self
            .agent
            .post(self.url(path))
            .header("content-type", "application/json")
            .send(body.as_ref())
            .unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        let mut response = self.agent.get(self.url(path)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// The rows of a page; for looking at numbers' digits, take `get`.
    pub fn rows(&self, path: &str) -> Vec<Value> {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub fn delete(&self, path: &str) -> u16 {
        self.agent.delete(self.url(path)).call().unwrap().status().as_u16()
    }

    /// Ends the stub without a chance to do anything about it.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks the stub to end, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn lab_event(id: &str) -> String {
    include_str!("../events/lab-result.json").replace("EVENT_ID", id)
}

pub fn order_event(id: &str) -> String {
    include_str!("../events/order.json").replace("EVENT_ID", id)
}
