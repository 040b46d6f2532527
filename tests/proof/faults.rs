//! What is stored when the upstream, Envoy or the senders fail in the middle of it: each event that
//! was answered with 200 exactly once, and none that was not verified.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use harness::{Gateway, Request, Setup, Upstream, eventually, now};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    RESULT,
    load::{Delivery, Load, PATIENCE, Tally, bytes_of, deliver, forged, good, pour},
    scale,
};

const CONNECTIONS: usize = 8;

const MEBIBYTE: u64 = 1024 * 1024;

/// One load at a time, so that none decides over another one's figures.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stub whose database outlives it.
fn durable(directory: &TempDir, arguments: &[&str]) -> Upstream {
    let database = directory.path().join("events.sqlite");
    Upstream::start(&[&["--db", database.to_str().unwrap()], arguments].concat())
}

/// Asserts that the database holds each of these events once, and nothing else.
#[track_caller]
fn assert_stored_once(gateway: &Gateway, delivery: &Delivery) {
    let stored = gateway.upstream.events();
    let mut counts = BTreeMap::<&str, u32>::new();
    for event in stored.as_array().unwrap() {
        *counts.entry(event["event_id"].as_str().unwrap()).or_default() += 1;
    }
    let expected: BTreeMap<&str, u32> =
        delivery.delivered.iter().map(|id| (id.as_str(), 1)).collect();
    assert_eq!(counts, expected, "each delivered event is stored once: {}", delivery.attempts);
    let markers = gateway.upstream.markers();
    assert_eq!(markers.as_array().unwrap().len(), 2 * expected.len(), "and each of its markers");
}

#[track_caller]
fn assert_answered(tally: &mut Tally, within: Duration, expected: &[&str]) {
    assert_eq!(tally.beside(expected), BTreeMap::new(), "other outcomes");
    let slowest = tally.slowest();
    assert!(slowest < within, "the slowest answer took {slowest:?}: {tally}");
}

#[test]
fn an_upstream_killed_under_load_loses_and_doubles_nothing() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let gateway = Setup::new().start_with(durable(&directory, &[]));
    let (events, kills) = (600 * scale(), 3 * scale().min(10));
    let (address, gateway) = (gateway.address, Mutex::new(gateway));
    let mut delivery = deliver(address, CONNECTIONS, events, |done| {
        if done % (events / (kills + 1)) == 0 && done < events {
            let upstream = &mut gateway.lock().unwrap().upstream;
            upstream.kill();
            upstream.restart();
        }
    });
    assert_answered(&mut delivery.attempts, PATIENCE, &["200", "503"]);
    let gateway = gateway.into_inner().unwrap();
    assert_stored_once(&gateway, &delivery);
    test_support::figures::record(
        "50-upstream-killed",
        &format!("{events} events while the upstream is killed {kills} times"),
        &format!("each stored once; attempts: {}", delivery.attempts),
    );
}

#[test]
fn an_upstream_that_is_slow_and_fails_loses_and_doubles_nothing() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let upstream = durable(&directory, &["--fail-rate", "0.3", "--delay-ms", "20"]);
    let gateway = Setup::new().start_with(upstream);
    let events = 300 * scale();
    let mut delivery = deliver(gateway.address, CONNECTIONS, events, |_| {});
    assert_answered(&mut delivery.attempts, PATIENCE, &["200", "503"]);
    assert_stored_once(&gateway, &delivery);
    test_support::figures::record(
        "51-upstream-failing",
        &format!("{events} events to an upstream that fails 30 % and takes 20 ms"),
        &format!("each stored once; attempts: {}", delivery.attempts),
    );
}

#[test]
fn an_upstream_that_never_answers_is_given_up_in_time_and_the_event_is_not_doubled() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let mut gateway = Setup::new().start_with(durable(&directory, &["--delay-ms", "60000"]));
    let mut attempts = pour(gateway.address, CONNECTIONS, |number| {
        (number < 8).then(|| good(&format!("msg_event{number:07}")))
    });
    // Envoy's route gives up after 10 seconds, before the sender does after 15.
    assert_answered(&mut attempts, Duration::from_secs(15), &["504"]);
    gateway.upstream.kill();
    let database = directory.path().join("events.sqlite");
    gateway.upstream.restart_with(&["--db", database.to_str().unwrap()]);
    let delivery = deliver(gateway.address, CONNECTIONS, 8, |_| {});
    assert_stored_once(&gateway, &delivery);
    test_support::figures::record(
        "52-upstream-silent",
        "8 events to an upstream that stores and then answers nothing for a minute",
        &format!("{attempts} within {:.1?}; sent again, each is stored once", attempts.slowest()),
    );
}

#[test]
fn an_envoy_killed_under_load_loses_and_doubles_nothing() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let gateway = Setup::new().start_with(durable(&directory, &[]));
    let (events, kills) = (400 * scale(), 2 * scale().min(10));
    let (address, gateway) = (gateway.address, Mutex::new(gateway));
    let mut delivery = deliver(address, CONNECTIONS, events, |done| {
        if done % (events / (kills + 1)) == 0 && done < events {
            gateway.lock().unwrap().kill_and_restart();
        }
    });
    assert_answered(&mut delivery.attempts, PATIENCE, &["200", "503", "no answer"]);
    let gateway = gateway.into_inner().unwrap();
    assert_stored_once(&gateway, &delivery);
    test_support::figures::record(
        "53-envoy-killed",
        &format!("{events} events while Envoy is killed {kills} times"),
        &format!("each stored once; attempts: {}", delivery.attempts),
    );
}

#[test]
fn senders_that_stop_crawl_or_crowd_harm_nobody_else() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let gateway = Setup::new().start_with(durable(&directory, &[]));
    let crowd = if scale() > 1 { 2000 } else { 300 };
    let half = |request: &Request| {
        let mut wire = gateway.connect();
        wire.write_head(request, &format!("content-length: {}", request.body.len()));
        wire.write(&request.body[..request.body.len() / 2]);
        wire
    };
    let request = |index: usize| {
        let id = format!("msg_half{index}");
        Request::signed_with(harness::SECRET, &id, now(), RESULT)
    };
    // Senders that stop in the middle and go away.
    for index in 0..100 {
        drop(half(&request(index)));
    }
    // Senders that stop in the middle and stay.
    let staying: Vec<_> = (0..crowd).map(|index| half(&request(index))).collect();
    let (load, start) = (Load::default(), Instant::now());
    let (crawled, mut delivery) = thread::scope(|scope| {
        let crawling: Vec<_> = (0..20)
            .map(|index| {
                let (load, request) = (&load, request(index));
                let mut wire = half(&request);
                scope.spawn(move || {
                    for byte in &request.body[request.body.len() / 2..] {
                        // A byte a second, until Envoy has had enough.
                        if !load.is_on() || !wire.write([*byte]) {
                            break;
                        }
                        thread::sleep(Duration::from_secs(1));
                    }
                    wire.try_answer().map(|answer| answer.status)
                })
            })
            .collect();
        let guard = load.guard();
        let delivery = deliver(gateway.address, CONNECTIONS, 300 * scale(), |_| {});
        // Envoy's request_timeout is 15 seconds.
        eventually_within(Duration::from_secs(25), || {
            crawling.iter().all(thread::ScopedJoinHandle::is_finished)
        });
        drop(guard);
        let crawled: Vec<_> =
            crawling.into_iter().map(|thread| thread.join().unwrap().ok()).collect();
        (crawled, delivery)
    });
    assert_answered(&mut delivery.attempts, Duration::from_secs(10), &["200"]);
    let mut tally = Tally::default();
    for wire in staying {
        tally.note(&wire.try_answer().map(|answer| answer.status), start.elapsed());
    }
    assert_answered(&mut tally, Duration::from_secs(40), &["408"]);
    assert!(crawled.iter().all(|status| matches!(status, Some(408) | None)), "{crawled:?}");
    assert_stored_once(&gateway, &delivery);
    assert_eq!(gateway.wasm_reloads(), 0);
    test_support::figures::record(
        "55-slow-senders",
        &format!(
            "{} events while {crowd} senders stop mid-body, 100 go away and 20 send a byte a second",
            delivery.delivered.len()
        ),
        &format!(
            "each stored once, p99 {:.1?}; the others: {tally}, nothing of them stored",
            delivery.attempts.permille(990)
        ),
    );
}

#[test]
fn bodies_that_are_held_back_fill_no_memory_of_the_module() {
    let _alone = alone();

    let directory = TempDir::new().unwrap();
    let gateway = Setup::new().start_with(durable(&directory, &[]));
    let bodies: u64 = if scale() > 1 { 1500 } else { 200 };
    let before = gateway.resident_bytes();
    // In the right form and of nobody's secret, so that only the last byte would tell.
    let request = Request::signed(RESULT).set("svix-id", "msg_held").body(vec![b' '; 1_048_576]);
    let (load, held) = (Load::default(), AtomicU64::new(0));
    let (mut delivery, most) = thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                let all: Vec<_> = (0..bodies / 50)
                    .map(|_| {
                        let mut wire = gateway.connect();
                        wire.write_head(&request, "content-length: 1048576");
                        wire.write(&request.body[1..]);
                        held.fetch_add(1, Ordering::Relaxed);
                        wire
                    })
                    .collect();
                eventually_within(PATIENCE, || !load.is_on());
                drop(all);
            });
        }
        let guard = load.guard();
        eventually_within(PATIENCE, || held.load(Ordering::Relaxed) == bodies);
        // Until Envoy has read them all, or as many as it will.
        let (mut most, start) = (0, Instant::now());
        let received = || gateway.admin.stat("http.webhooks.downstream_cx_rx_bytes_total");
        while received() < Some(bodies * 1_048_575) && start.elapsed() < Duration::from_secs(8) {
            most = most.max(gateway.resident_bytes());
        }
        most = most.max(gateway.resident_bytes());
        let delivery = deliver(gateway.address, CONNECTIONS, 100, |_| {});
        drop(guard);
        (delivery, most)
    });
    // Where the bodies are more than Envoy's heap may be, it sheds load until they time out.
    assert_answered(&mut delivery.attempts, PATIENCE, &["200", "503", "no answer"]);
    assert_stored_once(&gateway, &delivery);
    assert_eq!(gateway.wasm_reloads(), 0, "{}", gateway.log());
    let (grown, sent) = (most.saturating_sub(before) / MEBIBYTE, bodies);
    assert!(grown >= sent.min(500) / 2, "{grown} MiB for {sent} MiB: not held at all");
    assert!(grown < sent * 3 / 2 + 64, "{grown} MiB for {sent} MiB: held twice");
    test_support::figures::record(
        "58-held-bodies",
        &format!(
            "{bodies} forged bodies of 1 MiB that lack one byte, held open beside good traffic"
        ),
        &format!(
            "{grown} MiB in Envoy, 0 restarts of the module; 100 good events each stored once, \
             attempts: {}",
            delivery.attempts
        ),
    );
}

fn eventually_within(limit: Duration, claim: impl Fn() -> bool) {
    let start = Instant::now();
    while !claim() {
        assert!(start.elapsed() < limit, "timed out");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_flood_of_bodies_that_are_too_long_is_refused_and_forwards_nothing() {
    let _alone = alone();
    let gateway = Setup::new().config(&json!({"max_body_bytes": 65_536})).start();
    let declared = bytes_of(
        &Request::signed(RESULT).header("content-length", "65537").body(vec![b' '; 65_537]),
    );
    let mut chunked = Request::signed("");
    chunked.headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
    let head = bytes_of(&chunked);
    let head = String::from_utf8(head).unwrap().replace("content-length: 0\r\n", "");
    let chunks = [head.as_bytes(), b"20000\r\n", &vec![b' '; 0x20000], b"\r\n0\r\n\r\n"].concat();
    let count = 600 * scale();
    let mut tally = pour(gateway.address, CONNECTIONS, |number| {
        (number < count).then(|| if number % 2 == 0 { declared.clone() } else { chunks.clone() })
    });
    // Envoy hangs up after an early answer, which may reach the sender before it has read it.
    assert_answered(&mut tally, PATIENCE, &["413", "no answer"]);
    assert!(tally.count("413") > count / 2, "{tally}");
    assert_eq!(gateway.send(&Request::signed(RESULT)).status, 200);
    assert_eq!(gateway.saw_of_all().len(), 1, "only the good one came through");
    assert_eq!(gateway.wasm_reloads(), 0);
    test_support::figures::record(
        "56-too-long",
        &format!("{count} bodies over the bound, half of them chunked"),
        &format!("{tally}; 0 reached the upstream"),
    );
}

#[test]
fn a_burst_of_forgeries_at_full_speed_leaves_good_traffic_alone() {
    let _alone = alone();
    let gateway = Setup::new().without_rate_limit().start();
    let seconds = Duration::from_secs(2 * scale().min(10));
    let good_for = |name: &str, seconds: Duration| {
        let start = Instant::now();
        pour(gateway.address, 1, |number| {
            (start.elapsed() < seconds).then(|| good(&format!("msg_{name}{number}")))
        })
    };
    let mut before = good_for("before", seconds);
    let forgery = forged("msg_forged");
    let load = Load::default();
    let (mut during, forgeries) = thread::scope(|scope| {
        let forgeries =
            scope.spawn(|| pour(gateway.address, 4, |_| load.is_on().then(|| forgery.clone())));
        let guard = load.guard();
        let during = good_for("during", seconds);
        drop(guard);
        (during, forgeries.join().unwrap())
    });
    assert_answered(&mut before, PATIENCE, &["200"]);
    assert_answered(&mut during, PATIENCE, &["200"]);
    assert_eq!(forgeries.beside(&["401"]), BTreeMap::new());
    let stored = gateway.upstream.events().as_array().unwrap().len();
    assert_eq!(u64::try_from(stored).unwrap(), before.total() + during.total(), "each stored once");
    let rejected = [("outcome", "rejected"), ("reason", "signature_mismatch")];
    let rejected = gateway.counter("junction_webhook_requests_total", &rejected);
    assert_eq!(rejected, forgeries.count("401"), "each forgery is counted");
    let line = |name: &str, tally: &mut Tally| {
        let (half, most) = (tally.permille(500), tally.permille(990));
        format!("{name} {} × 200, p50 {half:.2?}, p99 {most:.2?}", tally.total())
    };
    let (before, during) = (line("before:", &mut before), line("during:", &mut during));
    test_support::figures::record(
        "57-forgeries",
        &format!(
            "{} forgeries in {seconds:?} beside one good sender, no rate limit",
            forgeries.total()
        ),
        &format!("{before}; {during}; forgeries: {forgeries}"),
    );
}

#[test]
fn configuration_that_changes_under_load_costs_no_request() {
    let _alone = alone();
    let directory = TempDir::new().unwrap();
    let (setup, listener) = Setup::new().listener_from_file(directory.path());
    let gateway = setup.start_with(durable(&directory, &[]));
    let updates = 3 * scale().min(10);
    let unknown = Request::signed(r#"{"event_type":"labtest.order.updated","data":{}}"#);
    let accepted = |gateway: &Gateway| {
        gateway.admin.stat("listener_manager.lds.update_success").unwrap_or_default()
    };
    let (load, taken) = (Load::default(), AtomicU64::new(0));
    let mut sent = thread::scope(|scope| {
        let sent = scope.spawn(|| {
            pour(gateway.address, CONNECTIONS, |number| {
                taken.store(number, Ordering::Relaxed);
                load.is_on().then(|| good(&format!("msg_event{number:07}")))
            })
        });
        let guard = load.guard();
        for update in 1..=updates {
            let mark = taken.load(Ordering::Relaxed);
            eventually("the senders are under way", || {
                (taken.load(Ordering::Relaxed) > mark + 100).then_some(())
            });
            let (choice, status) =
                if update % 2 == 1 { ("acknowledge", 200) } else { ("reject", 400) };
            let before = accepted(&gateway);
            listener.write(&json!({"unknown_events": choice, "max_body_bytes": 70_000}), update);
            eventually("Envoy has taken the update", || {
                (accepted(&gateway) > before).then_some(())
            });
            eventually("the new configuration is in force", || {
                (gateway.send(&unknown).status == status).then_some(())
            });
        }
        drop(guard);
        sent.join().unwrap()
    });
    // A connection that Envoy drains may close between two requests; the sender then tries again.
    assert_answered(&mut sent, PATIENCE, &["200", "no answer"]);
    let stored = u64::try_from(gateway.upstream.events().as_array().unwrap().len()).unwrap();
    let (answered, lost) = (sent.count("200"), sent.count("no answer"));
    assert!((answered..=answered + lost).contains(&stored), "{stored} stored: {sent}");
    assert_eq!(gateway.wasm_reloads(), 0);
    test_support::figures::record(
        "54-configuration",
        &format!("{updates} updates of the listener by file while {CONNECTIONS} senders go on"),
        &format!("{stored} stored, each once; answers: {sent}"),
    );
}
