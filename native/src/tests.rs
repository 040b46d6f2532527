//! The module between a fake Envoy and the core: every hook, as Envoy calls it, in memory that Miri
//! watches (`make miri`).

use std::ffi::c_void;
use std::ptr;

use crate::abi::fake::{self, Envoy};
use crate::abi::{self, Status};

mod secrets;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &str =
    r#"{"event_type":"labtest.result.ready","data":{"markers":[{"name":"a","value":7.10}]}}"#;

/// A plugin as Envoy keeps it.
struct Plugin(*const c_void);

impl Plugin {
    fn new(envoy: &mut Envoy, configuration: &str) -> Self {
        Self(fake::configure(envoy, configuration.as_bytes()))
    }

    fn usable(envoy: &mut Envoy) -> Self {
        let plugin =
            Self::new(envoy, &format!(r#"{{"svix":{{"secrets":[{{"inline":"{SECRET}"}}]}}}}"#));
        assert!(envoy.log.is_empty(), "{:?}", envoy.log);
        plugin
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        fake::destroy_configuration(self.0);
    }
}

/// Signed now, since the module reads the clock.
fn signed(id: &str, body: &str) -> Vec<fake::Header> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let at = i64::try_from(now.as_secs()).unwrap();
    let signature =
        standardwebhooks::Webhook::new(SECRET).unwrap().sign(id, at, body.as_bytes()).unwrap();
    [
        (":method", "POST"),
        (":path", "/v1/webhooks/junction"),
        ("content-type", "application/json"),
        ("svix-id", id),
        ("svix-timestamp", &at.to_string()),
        ("svix-signature", &signature),
    ]
    .map(|(name, value)| (name.to_owned(), value.into()))
    .to_vec()
}

fn state((key, value): (&str, &str)) -> (String, String) {
    (format!("junction_webhook_{key}"), value.to_owned())
}

#[test]
fn a_verified_event_replaces_the_body_in_whichever_parts_it_came() {
    for parts in [vec![BODY.len()], vec![1, 10, BODY.len()], vec![BODY.len(), BODY.len()]] {
        for with_trailers in [false, true] {
            let mut envoy = Envoy { headers: signed("msg_1", BODY), ..Envoy::default() };
            let plugin = Plugin::usable(&mut envoy);
            let request = fake::request(plugin.0);
            assert_eq!(fake::headers(&mut envoy, request, false), Status::Hold);
            let mut start = 0;
            for (index, end) in parts.iter().enumerate() {
                envoy.receive(&BODY.as_bytes()[start..*end]);
                let is_last = index + 1 == parts.len() && !with_trailers;
                let status = fake::body(&mut envoy, request, is_last);
                assert_eq!(status, if is_last { Status::Continue } else { Status::Hold });
                envoy.keep();
                start = *end;
            }
            if with_trailers {
                envoy.trailers.push(("x-trailer".to_owned(), b"1".to_vec()));
                assert_eq!(fake::trailers(&mut envoy, request), Status::Continue);
                assert!(envoy.trailers.is_empty(), "nobody signed them");
            }
            let body = String::from_utf8(envoy.buffered.clone()).unwrap();
            assert!(body.starts_with(r#"{"contract":"junction.event.v1","event_id":"msg_1""#));
            assert!(body.contains(r#""number":7.10"#), "{body}");
            assert_eq!(envoy.header("content-length"), Some(body.len().to_string()));
            assert_eq!(envoy.header("svix-signature"), None);
            assert_eq!(envoy.state("junction_webhook_verdict"), Some("forwarded"));
            assert_eq!(envoy.response, None);
            fake::complete(&mut envoy, request);
            fake::destroy(request);
        }
    }
}

#[test]
fn a_forgery_is_answered_and_nothing_of_it_goes_on() {
    let mut envoy = Envoy { headers: signed("msg_1", "{}"), ..Envoy::default() };
    let plugin = Plugin::usable(&mut envoy);
    let request = fake::request(plugin.0);
    assert_eq!(fake::headers(&mut envoy, request, false), Status::Hold);
    envoy.receive(BODY.as_bytes());
    assert_eq!(fake::body(&mut envoy, request, true), Status::Drop);
    let (status, body) = envoy.response.clone().unwrap();
    assert_eq!(status, 401);
    let expected =
        r#"{"error":"signature_verification_failed","message":"Signature verification failed"}"#;
    assert_eq!(body, expected);
    assert_eq!(envoy.log, ["webhook rejected: reason=signature_mismatch event_id=msg_1"]);
    envoy.receive(b"more");
    assert_eq!(fake::body(&mut envoy, request, true), Status::Drop);
    fake::complete(&mut envoy, request);
    fake::destroy(request);
}

/// As on 1.38, where a configuration can begin none.
#[test]
fn the_first_request_begins_every_counter_but_those_of_repeats() {
    let headers = vec![(":path".to_owned(), b"/other".to_vec())];
    let mut envoy = Envoy { headers, is_old: true, ..Envoy::default() };
    let plugin = Plugin::usable(&mut envoy);
    assert_eq!(envoy.counts, []);
    let request = fake::request(plugin.0);
    fake::headers(&mut envoy, request, true);
    let internal = ["rejected", "internal"].map(str::to_owned);
    let begun = |values: &[String]| {
        envoy.counts.iter().filter(|(_, own, amount)| own == values && *amount == 0).count()
    };
    assert_eq!(begun(&internal), 1);
    assert_eq!(begun(&["acknowledged", "duplicate"].map(str::to_owned)), 0);
    fake::destroy(request);
}

#[test]
fn an_unguarded_request_passes_untouched() {
    let headers = vec![(":path".to_owned(), b"/other".to_vec())];
    let mut envoy = Envoy { headers: headers.clone(), ..Envoy::default() };
    let plugin = Plugin::usable(&mut envoy);
    let request = fake::request(plugin.0);
    assert_eq!(fake::headers(&mut envoy, request, false), Status::Continue);
    envoy.receive(b"anything");
    assert_eq!(fake::body(&mut envoy, request, true), Status::Continue);
    assert_eq!(
        (envoy.headers.as_slice(), envoy.received.as_slice()),
        (&*headers, &b"anything"[..])
    );
    fake::destroy(request);
}

#[test]
fn an_unusable_configuration_loads_and_refuses() {
    let mut envoy = Envoy { headers: signed("msg_1", BODY), ..Envoy::default() };
    let plugin = Plugin::new(&mut envoy, r#"{"hold_headers": false, "svix": {"secrets": []}}"#);
    assert_eq!(envoy.log.len(), 1);
    let request = fake::request(plugin.0);
    assert_eq!(fake::headers(&mut envoy, request, false), Status::Hold);
    assert_eq!(envoy.response.clone().unwrap().0, 500);
    fake::destroy(request);
}

#[test]
fn heads_are_held_here_so_a_configuration_that_wants_otherwise_is_refused() {
    let mut envoy = Envoy::default();
    let text =
        format!(r#"{{"hold_headers": false, "svix": {{"secrets": [{{"inline": "{SECRET}"}}]}}}}"#);
    let _plugin = Plugin::new(&mut envoy, &text);
    let line = "configuration is unusable: hold_headers: must be true: this host holds heads \
                itself; its path is answered with 500";
    assert_eq!(envoy.log, [line]);
}

#[test]
fn a_body_that_another_filter_held_back_is_read_once() {
    let mut envoy = Envoy { headers: signed("msg_1", BODY), ..Envoy::default() };
    let plugin = Plugin::usable(&mut envoy);
    let request = fake::request(plugin.0);
    fake::headers(&mut envoy, request, false);
    // Both parts are the same memory of Envoy's.
    envoy.receive(BODY.as_bytes());
    envoy.is_shared = true;
    assert_eq!(fake::body(&mut envoy, request, true), Status::Continue);
    let body = String::from_utf8(envoy.received.clone()).unwrap();
    assert!(body.starts_with(r#"{"contract":"junction.event.v1""#), "{body}");
    fake::destroy(request);
}

#[test]
fn a_panic_is_answered_500_counted_and_told_without_a_word_of_why() {
    abi::fake::initialise();
    let mut envoy = Envoy { headers: signed("msg_1", BODY), ..Envoy::default() };
    let plugin = Plugin::usable(&mut envoy);
    let request = fake::request(plugin.0);
    assert_eq!(fake::headers(&mut envoy, request, false), Status::Hold);
    envoy.receive(b"{}");
    assert_eq!(fake::body(&mut envoy, request, false), Status::Hold);
    let status = fake::panicking(&mut envoy, request);
    assert_eq!(status, Status::Drop);
    let expected = r#"{"error":"internal_error","message":"Internal error"}"#;
    assert_eq!(envoy.response, Some((500, expected.to_owned())));
    assert_eq!(
        envoy.log,
        [
            "the filter met a panic in a request: please report it",
            "webhook rejected: reason=internal event_id=msg_1",
        ]
    );
    let told = [("verdict", "rejected"), ("reason", "internal"), ("event_id", "msg_1")];
    assert_eq!(envoy.states, told.map(state));
    assert_eq!(envoy.gauge("junction_webhook_body_bytes"), Some(2));
    let counted =
        |envoy: &Envoy| envoy.count("junction_webhook_requests_total", &["rejected", "internal"]);
    assert_eq!(counted(&envoy), 1);
    assert_eq!(fake::body(&mut envoy, request, true), Status::Drop, "for good");
    assert_eq!(fake::panicking(&mut envoy, request), Status::Drop, "and answered once");
    assert_eq!((counted(&envoy), envoy.log.len()), (1, 2));
    fake::complete(&mut envoy, request);
    fake::destroy(request);
}

#[test]
fn an_event_above_envoys_bound_is_told_and_then_answered_and_one_within_goes_on() {
    // Sends one that Envoy held back in part.
    let send = |buffer_limit| {
        let headers = signed("msg_1", BODY);
        let mut envoy = Envoy { headers, buffer_limit, ..Envoy::default() };
        let plugin = Plugin::usable(&mut envoy);
        let request = fake::request(plugin.0);
        fake::headers(&mut envoy, request, false);
        envoy.receive(BODY.as_bytes());
        fake::body(&mut envoy, request, false);
        envoy.keep();
        let status = fake::body(&mut envoy, request, true);
        fake::destroy(request);
        (status, envoy)
    };
    let (status, envoy) = send(0);
    assert_eq!(status, Status::Continue, "no bound");
    let length = u64::try_from(envoy.buffered.len() + envoy.received.len()).unwrap();
    assert!(length > 500, "{length}");

    let (status, envoy) = send(length);
    assert_eq!((status, &envoy.response), (Status::Continue, &None));
    assert_eq!(envoy.state("junction_webhook_verdict"), Some("forwarded"));

    let (status, envoy) = send(length - 1);
    let expected = r#"{"error":"payload_too_large","message":"The body is too large"}"#;
    assert_eq!((status, &envoy.response), (Status::Drop, &Some((413, expected.to_owned()))));
    let told = [("verdict", "rejected"), ("reason", "body_size"), ("event_id", "msg_1")];
    assert_eq!(envoy.states, told.map(state));
    assert_eq!(envoy.states_at_response, told.len(), "before the answer");
    assert_eq!(envoy.log, ["webhook rejected: reason=body_size event_id=msg_1"]);
    assert_eq!(envoy.buffered, BODY.as_bytes(), "nothing is changed");
    assert_eq!(envoy.count("junction_webhook_requests_total", &["rejected", "body_size"]), 1);
}

#[test]
fn hooks_without_a_filter_let_nothing_through() {
    let mut envoy = Envoy::default();
    assert_eq!(fake::request(ptr::null()), ptr::null());
    assert_eq!(fake::headers(&mut envoy, ptr::null(), false), Status::Hold);
    assert_eq!(fake::body(&mut envoy, ptr::null(), true), Status::Drop);
    fake::destroy(ptr::null());
    fake::destroy_configuration(ptr::null());
}
