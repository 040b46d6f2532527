//! A flood on other paths takes nothing from the endpoint: it has its own share of what Envoy
//! bounds.

use std::time::{Duration, Instant};

use harness::{Gateway, OTHERS_LIMIT, Request, Setup, Wire, eventually};

use crate::sample::RESULT;

/// What a webhook's answer may take while others flood.
const SOON: Duration = Duration::from_secs(2);
/// How many connections flood another path.
const FLOOD: usize = 100;
/// The breaker of what is not the endpoint's.
const OTHERS: &str = "static_resources.clusters.0.circuit_breakers.thresholds.0";

/// Requests to a long path of another service, each of which is with the upstream until its sender
/// ends it.
fn flood(gateway: &Gateway) -> Vec<Wire> {
    let path = format!("/uploads{}", "/a-long-and-harmless-name".repeat(700));
    let senders = (0..FLOOD).map(|_| {
        let mut wire = gateway.connect();
        wire.write_head(&Request::new("POST", &path), "transfer-encoding: chunked");
        wire.write_chunk(b"the rest never comes");
        wire
    });
    senders.collect()
}

/// Sends good webhooks one after the other, all of which must be answered soon.
fn webhooks_are_answered_soon(gateway: &Gateway) {
    for _ in 0..10 {
        let request = Request::signed(RESULT);
        let start = Instant::now();
        let answer = gateway.send(&request);
        assert_eq!(answer.status, 200, "{}\n{}", answer.text(), gateway.log());
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
}

#[test]
fn a_flood_that_fills_the_circuit_breaker_of_other_paths_leaves_the_endpoint_alone() {
    for bound in ["max_requests", "max_connections"] {
        let mut setup = Setup::new().patch(&format!("{OTHERS}.{bound}"), 10);
        if bound == "max_connections" {
            setup = setup.patch(&format!("{OTHERS}.max_pending_requests"), 10);
        }
        let gateway = setup.start();
        let senders = flood(&gateway);
        let overflow = if bound == "max_requests" { "rq_open" } else { "rq_pending_open" };
        eventually("the flood has all that it may have", || {
            let open = format!("cluster.upstream.circuit_breakers.default.{overflow}");
            (gateway.admin.stat(&open) == Some(1)).then_some(())
        });
        webhooks_are_answered_soon(&gateway);
        drop(senders);
    }
}

#[test]
fn a_flood_that_empties_the_bucket_of_other_paths_leaves_the_endpoint_alone() {
    let gateway = Setup::new().rate_limit(OTHERS_LIMIT, 10).start();
    let statuses: Vec<_> =
        (0..20).map(|_| gateway.send(&Request::new("GET", "/other")).status).collect();
    assert_eq!(statuses, [[404; 10], [429; 10]].concat(), "the bucket is empty");
    webhooks_are_answered_soon(&gateway);
}
