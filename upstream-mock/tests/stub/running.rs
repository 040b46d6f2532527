//! Runs the stub's binary on a free port, and speaks HTTP to it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, ExitStatus},
    time::Duration,
};

use loopback::process::Process;
use serde_json::Value;
use ureq::Agent;

/// Longer than any answer takes, so that a stub that hangs fails its test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running stub; it ends when this is dropped.
pub(crate) struct Running {
    process: Process,
    pub(crate) address: String,
    agent: Agent,
}

pub(crate) fn start(arguments: &[&str]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_upstream-mock"));
    let process =
        Process::start(command.args(["--listen", "127.0.0.1:0"]).args(arguments)).unwrap();
    let first = process.stdout().find_within(PATIENCE, |line| Some(line.to_owned()));
    let first = first.unwrap_or_else(|| panic!("no address: {}", process.stderr().text()));
    let address = first.strip_prefix("listening on ").expect("one line").to_owned();
    let agent = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .build()
        .new_agent();
    Running { process, address, agent }
}

impl Running {
    pub(crate) fn post(&self, body: impl AsRef<[u8]>) -> (u16, String) {
        self.post_to("/v1/webhooks/junction", body)
    }

    pub(crate) fn post_to(&self, path: &str, body: impl AsRef<[u8]>) -> (u16, String) {
        let mut response = self
            .agent
            .post(self.url(path))
            .header("content-type", "application/json")
            .send(body.as_ref())
            .unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// Posts an original as the filter sends it on in shadow mode.
    pub(crate) fn post_original(&self, verdict: &str, body: &[u8]) -> (u16, String) {
        let request = self.agent.post(self.url("/v1/webhooks/junction"));
        let mut response = request.header("x-junction-verdict", verdict).send(body).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut response = self.agent.get(self.url(path)).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// A body that is longer than `get` reads.
    pub(crate) fn get_long(&self, path: &str) -> String {
        let mut response = self.agent.get(self.url(path)).call().unwrap();
        response.body_mut().with_config().limit(u64::MAX).read_to_string().unwrap()
    }

    /// The rows of a page; for looking at numbers' digits, take `get`.
    pub(crate) fn rows(&self, path: &str) -> Vec<Value> {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) fn delete(&self, path: &str) -> u16 {
        self.agent.delete(self.url(path)).call().unwrap().status().as_u16()
    }

    /// Ends the stub without a chance to do anything about it.
    pub(crate) fn kill(&mut self) {
        self.process.end_by("KILL").unwrap();
    }

    /// Asks the stub to end, and waits until it has.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.process.end_by("TERM").unwrap()
    }

    /// A request in these very words; the answer's head and body.
    pub(crate) fn exchange(&self, request: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

pub(crate) fn lab_event(id: &str) -> String {
    include_str!("../events/lab-result.json").replace("EVENT_ID", id)
}

pub(crate) fn order_event(id: &str) -> String {
    include_str!("../events/order.json").replace("EVENT_ID", id)
}
