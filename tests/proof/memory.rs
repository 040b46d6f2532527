//! Envoy's memory over many requests of every kind: once warm, it grows no more. And the module's:
//! the longest body that it may be told to take does not exhaust it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use harness::{Request, SECRET, Setup, now};
use serde_json::json;

use crate::{
    RESULT,
    faults::alone,
    load::{Load, bytes_of, pour},
    number_from, scale,
};

/// What becomes of a request: outcome and reason in the metric, and the status.
type Verdict = (&'static str, &'static str, u16);

const FORWARDED: Verdict = ("forwarded", "none", 200);

/// Requests of every kind, in the order in which they come again and again.
fn kinds() -> Vec<(Verdict, Vec<Vec<u8>>)> {
    let signed = |id: &str, body: &str| Request::signed_with(SECRET, id, now(), body);
    let one = |request: Request| vec![bytes_of(&request)];
    let markers = vec![r#"{"name":"Sodium","value":"< 1.50","unit":"mmol/L","x":[1,{}]}"#; 200];
    let long = format!(
        r#"{{"event_type":"labtest.result.critical","data":{{"markers":[{}]}}}}"#,
        markers.join(",")
    );
    let good = || (0..500).map(|id| bytes_of(&signed(&format!("msg_{id}"), RESULT))).collect();
    let forged = |body: &str| signed("msg_other", body).set("svix-id", "msg_forged");
    let rejected = |reason, status| ("rejected", reason, status);
    vec![
        (FORWARDED, good()),
        (rejected("signature_mismatch", 401), one(forged(RESULT))),
        (FORWARDED, one(signed("msg_long", &long))),
        (rejected("signature_missing", 401), one(Request::unsigned(RESULT))),
        (FORWARDED, good()),
        (rejected("signature_mismatch", 401), one(forged(&"x".repeat(100_000)))),
        (rejected("json", 400), one(signed("msg_json", &long[..9_000]))),
        (rejected("schema", 400), one(signed("msg_schema", &long.replace("Sodium", "")))),
        (FORWARDED, good()),
        (rejected("method", 405), one(signed("msg_method", RESULT).method("PUT"))),
        (
            rejected("content_type", 415),
            one(signed("msg_type", RESULT).set("content-type", "text/plain")),
        ),
        (
            rejected("body_size", 413),
            one(Request::unsigned("").header("content-length", "2000000")),
        ),
        (
            rejected("timestamp_too_old", 401),
            one(Request::signed_with(SECRET, "msg_old", 1_600_000_000, RESULT)),
        ),
        (
            rejected("signature_malformed", 401),
            one(signed("msg_twice", RESULT).header("svix-id", "msg_twice")),
        ),
        (("unguarded", "none", 404), one(Request::new("GET", "/elsewhere"))),
        (FORWARDED, good()),
    ]
}

#[test]
fn memory_is_flat_after_warm_up_and_every_request_is_counted() {
    let _alone = alone();
    let requests = number_from("PROOF_REQUESTS").unwrap_or(10_000);
    let gateway = Setup::new()
        // Signed once for the whole run.
        .config(&json!({"svix": {"secrets": [{"env": "JUNCTION_WEBHOOK_SECRET"}],
                                 "tolerance_seconds": 86_400}}))
        .access_log_to("/dev/null")
        .without_rate_limit()
        .start();
    let kinds = kinds();
    let length = u64::try_from(kinds.len()).unwrap();
    let pick = |number: u64| {
        let (_, all) = &kinds[usize::try_from(number % length).unwrap()];
        let round = usize::try_from(number / length).unwrap();
        all[round % all.len()].clone()
    };

    let taken = AtomicU64::new(0);
    let load = Load::default();
    let start = Instant::now();
    let (tally, samples) = thread::scope(|scope| {
        let sampling = scope.spawn(|| {
            let mut samples = Vec::new();
            while load.is_on() {
                samples.push((taken.load(Ordering::Relaxed), gateway.resident_bytes()));
                thread::sleep(Duration::from_millis(50));
            }
            samples
        });
        let guard = load.guard();
        let tally = pour(gateway.address, 8, |number| {
            taken.store(number, Ordering::Relaxed);
            if number % 1000 == 500 {
                // A sender that goes away in the middle of a body.
                gateway.connect().write({
                    let whole = pick(0);
                    whole[..whole.len() - 20].to_vec()
                });
            }
            (number < requests).then(|| pick(number))
        });
        drop(guard);
        (tally, sampling.join().unwrap())
    });
    let (seconds, end) = (start.elapsed().as_secs(), gateway.resident_bytes());

    let mut expected = BTreeMap::<Verdict, u64>::new();
    for number in 0..requests {
        *expected.entry(kinds[usize::try_from(number % length).unwrap()].0).or_default() += 1;
    }
    let mut statuses = BTreeMap::<String, u64>::new();
    for ((outcome, reason, status), count) in &expected {
        *statuses.entry(status.to_string()).or_default() += count;
        let labels = [("outcome", *outcome), ("reason", *reason)];
        let counted = gateway.counter("junction_webhook_requests_total", &labels);
        assert_eq!(counted, *count, "{outcome}, {reason}");
    }
    for (status, count) in &statuses {
        assert_eq!(tally.count(status), *count, "answers of {status}: {tally}");
    }
    assert_eq!(tally.total(), requests, "every request has its answer");
    let stored = gateway.upstream.events().as_array().unwrap().len();
    assert!(stored <= 501, "{stored} events of 501 ids");
    assert_eq!(gateway.wasm_reloads(), 0);

    let after = |share: u64| {
        let later = samples.iter().filter(|(taken, _)| *taken >= requests * share / 10);
        later.map(|(_, bytes)| *bytes).max().unwrap_or(end)
    };
    // Warm means a fifth of the way; what comes after may not be above what came up to there.
    let warm = samples
        .iter()
        .filter(|(taken, _)| *taken < requests / 5)
        .map(|(_, bytes)| *bytes)
        .max()
        .unwrap_or(end);
    let peak = after(2);
    let allowed = warm + warm / 10;
    assert!(peak <= allowed, "{warm} bytes when warm, {peak} afterwards, {end} at the end");
    let mebibytes = |bytes: u64| bytes / (1024 * 1024);
    test_support::figures::record(
        "60-memory",
        &format!("{requests} mixed requests in {seconds} s, Envoy's resident memory"),
        &format!(
            "{} MiB after a fifth, {} MiB at most afterwards, {} MiB at the end; {tally}",
            mebibytes(warm),
            mebibytes(peak),
            mebibytes(end)
        ),
    );
}

/// A body of so many bytes of the document whose event and whose markers take most for its length;
/// `core/tests/cost` searches for it.
fn worst(bytes: usize) -> String {
    const START: &str = r#"{"event_type":"labtest.result.ready","data":{"markers":["#;
    const MARKER: &str = r#"{"name":"a"}"#;
    const END: &str = "]}}";
    let count = (bytes - START.len() - END.len() + 1) / (MARKER.len() + 1);
    let body = format!("{START}{}{END}", vec![MARKER; count].join(","));
    let rest = bytes - body.len();
    body + &" ".repeat(rest)
}

/// All of 8 MiB in `make proof`; a quarter of it, which takes less time, in `make test`.
#[test]
fn the_longest_body_of_the_worst_document_ends_in_an_answer_and_costs_no_module() {
    let _alone = alone();
    let longest: usize = if scale() > 1 { 8_388_608 } else { 2_097_152 };
    let gateway = Setup::new().config(&json!({"max_body_bytes": longest})).start();
    let (start, mut peak) = (Instant::now(), 0);
    for id in 0..3 {
        let request = Request::signed_with(SECRET, &format!("msg_{id}"), now(), worst(longest));
        // The event is longer than Envoy holds back, so its answer is a 413.
        assert_eq!(gateway.send(&request).status, 413, "{}", gateway.log());
        assert_eq!(gateway.saw(&request), [], "the upstream saw nothing");
        peak = peak.max(gateway.resident_bytes());
        let good = Request::signed_with(SECRET, &format!("msg_good_{id}"), now(), RESULT);
        assert_eq!(gateway.send(&good).status, 200, "the next one is taken");
    }
    let longer = Request::signed(worst(longest + 1));
    assert_eq!(gateway.send(&longer).json()["error"], "payload_too_large");
    assert_eq!(gateway.wasm_reloads(), 0, "the module lives");
    test_support::figures::record(
        "61-longest-body",
        &format!("Three bodies of {longest} bytes of the worst document, one after the other"),
        &format!(
            "answered, in {} s, 0 restarts of the module, {} MiB resident at most",
            start.elapsed().as_secs(),
            peak / (1024 * 1024)
        ),
    );
}
