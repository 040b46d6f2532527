//! The claims of a security filter, put to the test through real processes: no path slips past, no
//! value leaks, no bytes crash the module, and nothing is lost or doubled while things break.
//!
//! `make test` runs all of it in small; `make proof` sets `PROOF_SCALE` and `PROOF_REQUESTS` to the
//! sizes of `docs/reliability.md`, and prints what was measured. Traffic goes to loopback only.

mod adversary;
mod bypass;
mod faults;
mod hostile;
mod load;
mod memory;
mod privacy;
mod raw_http2;
mod witness;

/// A small lab result that satisfies the schema.
const RESULT: &str = r#"{"event_type":"labtest.result.ready","data":{"order_id":"o-1",
    "markers":[{"name":"Sodium","unit":"mmol/L","value":136.50},{"name":"Note","value":"clear"}]}}"#;

/// How many times larger than in `make test` a test is to be.
fn scale() -> u64 {
    number_from("PROOF_SCALE").unwrap_or(1)
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}
