//! Each case file through the port: a host is asked for what the exchange decided, once.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::Config;
use junction_webhook::exchange::{Action, Plugin};
use junction_webhook::metrics::Series;
use junction_webhook::port::{Request, Worker};
use test_support::case::Suite;
use test_support::drive::{Arrival, End, drive};
use test_support::fake_host::{Call, FakeHost};
use test_support::{OwnedHeader, borrowed};

const NOW: Duration = Duration::from_secs(1_795_000_000);

/// In four framings.
#[test]
fn every_case_comes_to_the_same_through_the_port() {
    for suite in Suite::all() {
        let environment = |name: &str| suite.environment.get(name).cloned();
        let plugin = || Config::parse(suite.config.to_string().as_bytes(), environment);
        for case in &suite.cases {
            let body = case.body();
            let headers = case.head(i64::try_from(NOW.as_secs()).unwrap());
            let shared = Arc::new(plugin());
            for (sizes, with_trailers) in [
                (vec![], false),
                (vec![], true),
                ((1..body.len()).collect(), false),
                ((7..body.len()).step_by(7).collect(), true),
            ] {
                let arrival = Arrival { sizes, with_trailers };
                let end = drive(&shared, &headers, &body, &arrival, NOW);
                let name = format!("{} / {} / {arrival:?}", suite.name, case.name);
                let calls = through_the_port(plugin(), &headers, &body, &arrival);
                let action = calls.iter().filter_map(|call| match call {
                    Call::Answer(answer) => Some(Action::Answer(answer.clone())),
                    Call::Change(forward) => Some(Action::Forward(forward.clone())),
                    _ => None,
                });
                let counted = calls.iter().filter_map(|call| match call {
                    Call::Add(series @ (Series::Requests(_) | Series::Unguarded), 1) => {
                        Some(*series)
                    }
                    _ => None,
                });
                let (expected, series) = match end {
                    End::Unguarded => (vec![], Series::Unguarded),
                    End::Decided(report, action) => {
                        (vec![action], Series::Requests(report.verdict))
                    }
                };
                assert_eq!(action.collect::<Vec<_>>(), expected, "{name}");
                assert_eq!(counted.collect::<Vec<_>>(), [series], "{name}");
            }
        }
    }
}

fn through_the_port(
    plugin: Plugin,
    headers: &[OwnedHeader],
    body: &[u8],
    arrival: &Arrival,
) -> Vec<Call> {
    let host = FakeHost::new(NOW, body);
    let worker = Worker::start(plugin, None, &host);
    let mut request = Request::new(&worker);
    let head_is_all = body.is_empty() && !arrival.with_trailers;
    request.on_head(Some(&borrowed(headers)), head_is_all, &worker, &host);
    if !head_is_all {
        let sizes = arrival.sizes.iter().copied().filter(|size| *size < body.len());
        for size in sizes.chain([body.len()]) {
            let last = size == body.len() && !arrival.with_trailers;
            request.on_body(size, last, &worker, &host);
        }
        if arrival.with_trailers {
            request.on_trailers(&worker, &host);
        }
    }
    host.take_calls()
}
