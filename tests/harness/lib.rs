//! A real Envoy with the built module, and the upstream stub behind it.
//!
//! Every port is chosen by the system, so that tests run in parallel. Requests carry a case number
//! in their query (see [`request`]), so that many tests can share one Envoy and still assert what
//! the upstream saw of one request.

mod admin;
mod gateway;
mod host;
mod http1;
mod http2;
mod locate;
mod process;
mod prometheus;
mod request;
mod setup;
mod upstream;

pub use self::{
    admin::Admin,
    gateway::Gateway,
    host::Host,
    http1::Wire,
    locate::{MODULE, envoy_release, root, tool, yaml},
    prometheus::Prometheus,
    request::{Answer, GUARDED_PATH, ID, Request, SECRET, now, sign, sign_plain},
    setup::{
        CONNECTION_MANAGER, ENDPOINTS_LIMIT, OTHERS_LIMIT, Setup, UPSTREAM, at, restrict_beside_vm,
        shared,
    },
    upstream::{Seen, Upstream},
};

use std::time::{Duration, Instant};

/// How long anything that should happen at once may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer; panics with `what` when the deadline passes.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "timed out: {what}");
        // Only how often is asked; the answer decides.
        std::thread::sleep(Duration::from_millis(5));
    }
}
