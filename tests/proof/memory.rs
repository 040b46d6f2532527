//! Envoy's memory over many requests of every kind: once warm, it grows no more.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    RESULT,
    faults::alone,
    harness::{Request, SECRET, Setup, now},
    load::{Load, bytes_of, pour},
    number_from,
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
