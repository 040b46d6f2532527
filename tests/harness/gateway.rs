//! A running Envoy with the filter, as a test uses it.

use std::net::SocketAddr;
use std::time::Duration;

use loopback::process::Process;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Admin, Answer, Host, Request, Seen, Setup, Upstream, Wire, eventually, http2};

/// Where requests go that no test is about.
const FENCE: &str = "/fence";

/// What Envoy writes of a signal that it does nothing else about.
const MARK: &str = "caught and eating SIGHUP";

/// Envoy, the stub behind it, and everything either has to say.
pub struct Gateway {
    /// Where Envoy's listener is.
    pub address: SocketAddr,
    /// Envoy's admin interface.
    pub admin: Admin,
    /// What Envoy forwards to.
    pub upstream: Upstream,
    pub(crate) process: Process,
    pub(crate) setup: Setup,
    pub(crate) directory: TempDir,
}

impl Gateway {
    /// Opens a connection for a test that writes its own bytes.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// Sends a request over HTTP/1.1.
    pub fn send(&self, request: &Request) -> Answer {
        let mut wire = self.connect();
        // An early answer may cut the upload short.
        wire.send(request);
        wire.answer()
    }

    /// Sends a request over HTTP/2, with trailers where there are some.
    pub fn send_http2(&self, request: &Request, trailers: &[(&str, &str)]) -> Answer {
        http2::send(self.address, request, trailers)
    }

    /// What the upstream saw of a request that has been answered or given up.
    pub fn saw(&self, request: &Request) -> Vec<Seen> {
        self.fence();
        self.upstream.saw(request)
    }

    /// What the upstream saw of all requests that have been answered or given up, oldest first.
    pub fn saw_of_all(&self) -> Vec<Seen> {
        self.fence();
        let mut seen = self.upstream.requests();
        seen.retain(|seen| !seen.path.starts_with(FENCE));
        seen
    }

    /// Waits until Envoy has done with every request that has been answered or given up.
    fn fence(&self) {
        // Envoy's only worker handles this one after everything it still does for the others.
        let fence = Request::new("GET", FENCE);
        self.send(&fence);
        assert_eq!(self.upstream.saw(&fence).len(), 1, "the upstream saw the fence");
    }

    /// The one request that the upstream saw, whole.
    pub fn forwarded(&self, request: &Request) -> Seen {
        let mut seen = self.saw(request);
        assert_eq!(seen.len(), 1, "forwarded once: {seen:#?}");
        let seen = seen.remove(0);
        assert!(seen.complete, "the body came to its end");
        if !seen.header("x-junction-verified-by").is_empty() {
            test_support::contract::assert_valid(seen.body.as_deref().unwrap());
        }
        seen
    }

    /// The value of a counter or gauge, which must exist, but where none does before its first use.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let never_used = Host::counts_late().then_some(0);
        let value = self.admin.series(name, labels).or(never_used);
        value.unwrap_or_else(|| panic!("no {name} with {labels:?}:\n{}", self.admin.prometheus()))
    }

    /// Sends a request and waits for its line of the access log; nothing else may be under way.
    pub fn send_logged(&self, request: &Request) -> (Answer, Value) {
        self.logged(|| self.send(request))
    }

    /// Likewise, however the request is sent.
    pub fn logged(&self, send: impl FnOnce() -> Answer) -> (Answer, Value) {
        let before = self.access_log_to_here();
        let answer = send();
        let line =
            eventually("a line of the access log", || self.access_log().into_iter().nth(before));
        (answer, line)
    }

    /// How long the access log is once the line of every request so far is in it.
    fn access_log_to_here(&self) -> usize {
        // Lines come in the order of their requests: those before this one's are there with it.
        let fences = || {
            let log = self.access_log().into_iter().enumerate();
            log.filter(|(_, line)| line["method"] == "OPTIONS").map(|(at, _)| at + 1)
        };
        let before = fences().count();
        self.send(&Request::new("OPTIONS", FENCE));
        eventually("the fence's line of the access log", || fences().nth(before))
    }

    /// The access log so far.
    fn access_log(&self) -> Vec<Value> {
        let lines = self.process.stdout().all();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until Envoy's log has this text; what [`Self::log`] has then.
    pub fn log_with(&self, text: &str) -> String {
        eventually(text, || Some(self.log()).filter(|log| log.contains(text)))
    }

    /// Everything that Envoy has written about all that it has done; nothing else may be under way.
    ///
    /// For what is to be in the log once, or not at all.
    pub fn log_to_here(&self) -> String {
        self.access_log_to_here();
        // Its two outputs are read side by side, so each has a mark of its own.
        let marks =
            || self.process.stderr().all().iter().filter(|line| line.contains(MARK)).count();
        let before = marks();
        self.process.signal("HUP").unwrap();
        eventually("the mark in Envoy's log", || (marks() > before).then_some(()));
        self.log()
    }

    /// What has come of all that Envoy has written so far, the access log included: for the words
    /// of a failure. A test waits for a line, by [`Self::log_with`] or [`Self::log_to_here`].
    pub fn log(&self) -> String {
        format!("{}\n{}", self.process.stderr().text(), self.process.stdout().text())
    }

    /// How often Envoy started a crashed module again, or tried to.
    pub fn wasm_reloads(&self) -> u64 {
        // Envoy sees that a module has crashed when the next request comes to it.
        eventually("an answer after all others", || {
            let mut wire = self.connect();
            wire.send(&Request::new("GET", FENCE));
            wire.try_answer().ok()
        });
        let count = |how: &str| {
            self.admin.stat(&format!("wasm.junction_webhook.vm_reload{how}")).unwrap_or_default()
        };
        // A reload that succeeds counts in the second one only.
        ["", "_success", "_failure", "_backoff"].map(count).iter().sum()
    }

    /// Ends Envoy at once, with no chance to clean up, and starts it again at the same address.
    pub fn kill_and_restart(&mut self) {
        self.process.end_by("KILL").unwrap();
        self.setup.listen_on(self.address.port());
        (self.process, self.admin) = self.setup.run(&self.directory);
    }

    /// How long Envoy has run on a processor (Linux only).
    pub fn cpu_time(&self) -> Duration {
        Duration::from_nanos(self.process.cpu_nanos().unwrap())
    }

    /// Envoy's memory that is in RAM, in bytes (Linux only).
    pub fn resident_bytes(&self) -> u64 {
        self.process.resident_bytes().unwrap()
    }
}
