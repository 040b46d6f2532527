//! One request through the hooks, as Envoy calls them, with an Envoy in memory: what the fuzzer
//! drives, under a sanitizer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "the fuzzer stops at the first surprise"
)]

use std::ffi::c_void;

use crate::abi::Status;
use crate::abi::fake::{self, Envoy, Secret};

/// A plugin that Envoy has configured.
#[derive(Debug)]
pub struct Plugin(*const c_void);

/// What came of a request.
#[derive(Debug, Default)]
pub struct Outcome {
    /// It went on, whole.
    pub goes_on: bool,
    /// The status and body of the answer that it got instead.
    pub response: Option<(u32, String)>,
    /// What the access log is told, by its key.
    pub states: Vec<(String, String)>,
    /// The body as it goes on.
    pub body: Vec<u8>,
}

impl Outcome {
    /// One of the values that the access log is told.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<&str> {
        self.states.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }
}

/// Envoy with the one secret that it delivers, named `fuzzed`.
fn envoy(secret: &[u8]) -> Envoy {
    let (name, source, value) = ("fuzzed".to_owned(), String::new(), secret.to_vec());
    Envoy { secrets: vec![Secret { name, source, value }], ..Envoy::default() }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        fake::destroy_configuration(self.0);
    }
}

impl Plugin {
    /// Configures one.
    #[must_use]
    pub fn new(configuration: &str) -> Self {
        Self(fake::configure(&mut envoy(b""), configuration.as_bytes()))
    }

    /// Sends a request whose body comes in parts that end at these places, in rising order, and
    /// whose secret is this one by now. Panics where a part goes on before the verdict.
    #[must_use]
    pub fn send(
        &self,
        headers: &[(String, Vec<u8>)],
        body: &[u8],
        cuts: &[usize],
        with_trailers: bool,
        secret: &[u8],
    ) -> Outcome {
        let mut envoy = Envoy { headers: headers.to_vec(), ..envoy(secret) };
        let request = fake::request(self.0);
        let mut gone = Vec::new();
        let head_is_all = body.is_empty() && !with_trailers;
        let mut status = fake::headers(&mut envoy, request, head_is_all);
        if !head_is_all {
            let ends: Vec<_> =
                cuts.iter().copied().filter(|end| *end < body.len()).chain([body.len()]).collect();
            let mut start = 0;
            for (index, end) in ends.iter().enumerate() {
                let is_last = index.saturating_add(1) == ends.len() && !with_trailers;
                envoy.receive(&body[start..*end]);
                start = *end;
                let next = fake::body(&mut envoy, request, is_last);
                status = follow(status, next, &envoy);
                match status {
                    Status::Hold => envoy.keep(),
                    Status::Continue => {
                        gone.append(&mut envoy.buffered);
                        gone.append(&mut envoy.received);
                    }
                    Status::Drop => {}
                }
            }
            if with_trailers {
                envoy.trailers.push(("x-trailer".to_owned(), b"1".to_vec()));
                let next = fake::trailers(&mut envoy, request);
                status = follow(status, next, &envoy);
            }
        }
        fake::complete(&mut envoy, request);
        fake::destroy(request);
        let goes_on = status == Status::Continue;
        assert_eq!(goes_on, envoy.response.is_none(), "one or the other: {envoy:?}");
        // What was held back until trailers came.
        gone.append(&mut envoy.buffered);
        let Envoy { response, states, .. } = envoy;
        Outcome { goes_on, response, states, body: gone }
    }
}

/// The status after the next hook: what went on or was answered stays so.
fn follow(before: Status, next: Status, envoy: &Envoy) -> Status {
    match (before, next) {
        (Status::Hold, next) if envoy.response.is_none() => next,
        (Status::Continue, Status::Continue) => Status::Continue,
        (Status::Hold | Status::Drop, Status::Drop | Status::Hold) => Status::Drop,
        other => panic!("{other:?}: {envoy:?}"),
    }
}
