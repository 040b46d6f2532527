//! What arrived behind the filter.

use std::net::SocketAddr;

use loopback::process::Process;
use serde::Deserialize;
use serde_json::Value;

use crate::{Answer, Request, Wire, locate, process};

/// The stub, running unless a test has killed it.
pub struct Upstream {
    /// Where the stub listens.
    pub address: SocketAddr,
    arguments: Vec<String>,
    process: Process,
}

/// One request as the upstream saw it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Seen {
    /// As it arrived.
    pub method: String,
    /// With the query.
    pub path: String,
    /// Name and value, in the order of their arrival.
    pub headers: Vec<(String, String)>,
    /// What came of the body; `None` where that is not UTF-8.
    pub body: Option<String>,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Seen {
    /// Every value of a header, in order.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter().filter(|(known, _)| known == name);
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.body.as_deref().unwrap()).unwrap()
    }
}

impl Upstream {
    /// Starts the stub with arguments beside `--listen`.
    pub fn start(arguments: &[&str]) -> Self {
        Self::listen("127.0.0.1:0", arguments.iter().map(|&argument| argument.into()).collect())
    }

    fn listen(address: &str, arguments: Vec<String>) -> Self {
        let mut command = process::command(locate::stub());
        let process = Process::start(command.args(["--listen", address]).args(&arguments)).unwrap();
        let address = process::line(process.stdout(), "the stub's address", |line| {
            line.strip_prefix("listening on ")?.parse().ok()
        });
        Self { address, arguments, process }
    }

    /// Ends the stub at once, with no chance to clean up.
    pub fn kill(&mut self) {
        self.process.end_by("KILL").unwrap();
    }

    /// Starts a killed stub again at its old address.
    pub fn restart(&mut self) {
        *self = Self::listen(&self.address.to_string(), std::mem::take(&mut self.arguments));
    }

    /// Starts a killed stub again at its old address, with other arguments.
    pub fn restart_with(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(|&argument| argument.into()).collect();
        self.restart();
    }

    /// Every request that arrived, oldest first.
    pub fn requests(&self) -> Vec<Seen> {
        serde_json::from_slice(&self.get("/requests").body).unwrap()
    }

    /// Likewise, as the stub spells the list.
    pub fn requests_text(&self) -> String {
        self.get("/requests").text()
    }

    /// What arrived of one request.
    pub fn saw(&self, request: &Request) -> Vec<Seen> {
        let mut seen = self.requests();
        seen.retain(|seen| seen.path.contains(&request.query));
        seen
    }

    /// The stored events, as the stub lists them.
    pub fn events(&self) -> Value {
        self.get("/events").json()
    }

    /// The stored markers, as the stub lists them.
    pub fn markers(&self) -> Value {
        self.get("/markers").json()
    }

    /// The stored markers as the stub spells them, every digit included.
    pub fn markers_text(&self) -> String {
        self.get("/markers").text()
    }

    fn get(&self, path: &str) -> Answer {
        let mut wire = Wire::connect(self.address);
        // The stub shows what came under its address alone, and not under the name of the tests.
        let host = self.address;
        wire.write(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
        let answer: Answer = wire.answer();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer
    }
}
