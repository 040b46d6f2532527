//! Secrets that the host delivers: what requests meet while one is missing, has come, or changes.

use std::time::Duration;

use junction_webhook::config::{Config, Draft};
use junction_webhook::exchange::Forward;
use junction_webhook::metrics::Series;
use junction_webhook::port::{Flow, Request, Worker};
use junction_webhook::reject::Reason;
use junction_webhook::report::Verdict;
use junction_webhook::signature::SignatureError;
use test_support::fake_host::{Call, FakeHost};
use test_support::{OwnedHeader, borrowed};

const NOW: Duration = Duration::from_secs(1_795_000_000);
const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
const BODY: &str = r#"{"event_type":"labtest.result.ready","data":{}}"#;
const CONFIG: &str = r#"{"path":"/hooks/lab","svix":{"secrets":[{"sds":"junction"}]}}"#;
const MISSING: &str = "configuration is unusable: svix.secrets[0].sds: the secret by SDS has not \
                       come, or is empty; its path is answered with 500";

fn host(secrets: &[&str]) -> FakeHost {
    let mut host = FakeHost::new(NOW, BODY.as_bytes());
    host.secrets = secrets.iter().map(|secret| secret.as_bytes().to_vec()).collect();
    host
}

fn start(text: &str, host: &FakeHost) -> Worker {
    let draft = Draft::parse(text.as_bytes(), |_| None::<String>).unwrap();
    Worker::start_delivered(draft, None, host)
}

fn signed(secret: &str) -> Vec<OwnedHeader> {
    let at = i64::try_from(NOW.as_secs()).unwrap();
    let signer = standardwebhooks::Webhook::new(secret).unwrap();
    let signature = signer.sign("msg_1", at, BODY.as_bytes()).unwrap();
    [
        (":method", "POST"),
        (":path", "/hooks/lab"),
        ("svix-id", "msg_1"),
        ("svix-timestamp", &at.to_string()),
        ("svix-signature", &signature),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .to_vec()
}

/// The headers of a plain HMAC under this secret, over the body alone.
fn plainly_signed(secret: &str) -> Vec<OwnedHeader> {
    let tag = base16ct::lower::encode_string(&hmac_sha256::HMAC::mac(BODY, secret));
    [(":method", "POST"), (":path", "/hooks/lab"), ("x-signature", &tag)]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .to_vec()
}

/// What becomes of a request, with all that the host was asked for it.
fn send(secret: &str, worker: &Worker, host: &FakeHost) -> (Verdict, Vec<Call>) {
    send_with(&signed(secret), worker, host)
}

fn send_with(headers: &[OwnedHeader], worker: &Worker, host: &FakeHost) -> (Verdict, Vec<Call>) {
    let mut request = Request::new(worker);
    let mut flow = request.on_head(Some(&borrowed(headers)), false, worker, host);
    if !request.is_answered() {
        flow = request.on_body(BODY.len(), true, worker, host);
    }
    let calls = host.take_calls();
    let counted = calls.iter().find_map(|call| match call {
        Call::Add(Series::Requests(verdict), 1) => Some(*verdict),
        _ => None,
    });
    let verdict = counted.unwrap();
    let goes_on = flow == Flow::Continue;
    assert_eq!(goes_on, calls.iter().any(|call| matches!(call, Call::Change(_))), "{calls:?}");
    assert_eq!(goes_on, matches!(verdict, Verdict::Forwarded | Verdict::Shadowed(_)), "{calls:?}");
    (verdict, calls)
}

/// The lines about the configuration.
fn lines(calls: &[Call]) -> Vec<&str> {
    let mut lines = Vec::new();
    for call in calls {
        if let Call::Error(line) | Call::Warn(line) = call
            && !line.starts_with("webhook ")
        {
            lines.push(line.as_str());
        }
    }
    lines
}

fn gauges(calls: &[Call], gauge: Series) -> Vec<u64> {
    let value = |call: &Call| match call {
        Call::Record(series, value) if *series == gauge => Some(*value),
        _ => None,
    };
    calls.iter().filter_map(value).collect()
}

const REFUSED: Verdict = Verdict::Rejected(Reason::Configuration);
const MISMATCH: Verdict = Verdict::Rejected(Reason::Signature(SignatureError::Mismatch));

#[test]
fn a_secret_that_comes_late_goes_and_comes_back_is_followed_without_a_new_configuration() {
    let mut host = host(&[]);
    let worker = start(CONFIG, &host);
    let calls = host.take_calls();
    assert_eq!(lines(&calls), [""; 0], "it may still come");
    assert_eq!(gauges(&calls, Series::ConfigOk), [0]);

    let come = "svix.secrets[0].sds: the secret by SDS has come";
    // The gauge with every request: it is shared, so another plugin may have set it since.
    for (value, secret, verdict, line, gauge) in [
        ("", OLD, REFUSED, Some(MISSING), 0),
        ("", OLD, REFUSED, None, 0),
        (OLD, OLD, Verdict::Forwarded, Some(come), 1),
        (OLD, NEW, MISMATCH, None, 1),
        (NEW, NEW, Verdict::Forwarded, None, 1),
        (NEW, OLD, MISMATCH, None, 1),
        ("", NEW, REFUSED, Some(MISSING), 0),
        (" whsec_plJ3nmyCDGBKInavdOK15jsl\n", NEW, Verdict::Forwarded, Some(come), 1),
    ] {
        host.secrets = vec![value.as_bytes().to_vec()];
        let (met, calls) = send(secret, &worker, &host);
        assert_eq!(met, verdict, "{value:?} {secret}");
        assert_eq!(lines(&calls), line.into_iter().collect::<Vec<_>>(), "{value:?} {secret}");
        assert_eq!(gauges(&calls, Series::ConfigOk), [gauge], "{value:?} {secret}");
    }
}

#[test]
fn a_secret_that_is_there_at_the_start_is_usable_at_once_and_nothing_is_logged() {
    let host = host(&[OLD]);
    let worker = start(CONFIG, &host);
    let calls = host.take_calls();
    assert_eq!((lines(&calls), gauges(&calls, Series::ConfigOk)), (vec![], vec![1]));
    let (verdict, calls) = send(OLD, &worker, &host);
    assert_eq!((verdict, lines(&calls)), (Verdict::Forwarded, vec![]));
}

#[test]
fn a_request_that_is_under_way_keeps_the_secret_that_it_began_with() {
    let mut host = host(&[OLD]);
    let worker = start(CONFIG, &host);
    for next in [NEW, ""] {
        host.secrets = vec![OLD.into()];
        let mut request = Request::new(&worker);
        let headers = signed(OLD);
        assert_eq!(request.on_head(Some(&borrowed(&headers)), false, &worker, &host), Flow::Hold);
        host.secrets = vec![next.into()];
        worker.look(&host);
        assert_eq!(request.on_body(BODY.len(), true, &worker, &host), Flow::Continue, "{next:?}");
    }
}

#[test]
fn while_a_secret_is_missing_other_paths_go_on_and_shadow_mode_shadows_nothing() {
    for mode in ["enforce", "shadow"] {
        let text = CONFIG.replacen('{', &format!(r#"{{"mode":"{mode}","#), 1);
        let mut host = host(&[]);
        let worker = start(&text, &host);
        assert_eq!(gauges(&host.take_calls(), Series::Shadow), [0], "{mode}");
        assert_eq!(send(OLD, &worker, &host).0, REFUSED, "{mode}");
        let mut headers = signed(OLD);
        headers[1].1 = b"/hooks".to_vec();
        let mut request = Request::new(&worker);
        let flow = request.on_head(Some(&borrowed(&headers)), true, &worker, &host);
        let calls = host.take_calls();
        assert_eq!((flow, gauges(&calls, Series::ConfigOk)), (Flow::Continue, vec![0]));
        assert_eq!(calls.last(), Some(&Call::Add(Series::Unguarded, 1)));

        host.secrets = vec![OLD.into()];
        let (verdict, calls) = send(OLD, &worker, &host);
        let is_shadow = mode == "shadow";
        let expected = if is_shadow { Verdict::Shadowed(Ok(())) } else { Verdict::Forwarded };
        assert_eq!(verdict, expected);
        assert_eq!(gauges(&calls, Series::Shadow), [u64::from(is_shadow)]);
    }
}

#[test]
fn old_and_new_side_by_side_accept_both_and_a_broken_one_takes_nothing_from_the_other() {
    let text = r#"{"path":"/hooks/lab","svix":{"secrets":[{"sds":"new"},{"sds":"old"}]}}"#;
    let mut host = host(&[NEW, OLD]);
    let worker = start(text, &host);
    assert_eq!(send(OLD, &worker, &host).0, Verdict::Forwarded);
    assert_eq!(send(NEW, &worker, &host).0, Verdict::Forwarded);
    host.take_calls();
    host.secrets[0] = b"whsec_!canary!".to_vec();
    let (verdict, calls) = send(OLD, &worker, &host);
    let line = "svix.secrets[0].sds: of the secret by SDS: secret must be standard base64 after an \
                optional whsec_; the other secrets go on verifying";
    assert_eq!((verdict, lines(&calls)), (Verdict::Forwarded, vec![line]));
    assert_eq!(gauges(&calls, Series::ConfigOk), [1]);
    assert_eq!(send(NEW, &worker, &host).0, MISMATCH);
}

const BOTH: &str = r#"{"path":"/hooks/lab","svix":{"secrets":[{"sds":"junction"}]},
    "hmac":{"secrets":[{"inline":"plain"}]}}"#;
const SVIX_WAITS: &str = "svix.secrets[0].sds: the secret by SDS has not come, or is empty; svix \
                          has no usable secret, so its webhooks fail with reason=configuration; \
                          hmac goes on verifying";

#[test]
fn while_svix_waits_for_its_only_secret_its_webhooks_get_500_and_the_gauge_is_0_beside_an_hmac() {
    let mut host = host(&[]);
    let worker = start(BOTH, &host);
    let calls = host.take_calls();
    assert_eq!((lines(&calls), gauges(&calls, Series::ConfigOk)), (vec![], vec![0]));
    assert_eq!(gauges(&calls, Series::GuardsEverything), [0]);

    let come = "svix.secrets[0].sds: the secret by SDS has come";
    let (svix, hmac) = (signed(OLD), plainly_signed("plain"));
    for (value, headers, verdict, line, gauge) in [
        ("", &hmac, Verdict::Forwarded, Some(SVIX_WAITS), 0),
        ("", &svix, REFUSED, None, 0),
        ("", &hmac, Verdict::Forwarded, None, 0),
        (OLD, &hmac, Verdict::Forwarded, Some(come), 1),
        (OLD, &svix, Verdict::Forwarded, None, 1),
        (NEW, &svix, MISMATCH, None, 1),
        (" \n", &svix, REFUSED, Some(SVIX_WAITS), 0),
        (OLD, &svix, Verdict::Forwarded, Some(come), 1),
    ] {
        host.secrets = vec![value.as_bytes().to_vec()];
        let (met, calls) = send_with(headers, &worker, &host);
        assert_eq!(met, verdict, "{value:?} {headers:?}");
        assert_eq!(lines(&calls), line.into_iter().collect::<Vec<_>>(), "{value:?} {headers:?}");
        assert_eq!(gauges(&calls, Series::ConfigOk), [gauge], "{value:?} {headers:?}");
        assert_eq!(gauges(&calls, Series::GuardsEverything), [0], "its path is known");
    }
}

#[test]
fn a_request_that_claims_the_scheme_without_a_secret_is_refused_for_that_before_anything_else() {
    let host = host(&[]);
    let worker = start(BOTH, &host);
    let with = |headers: &[OwnedHeader], name: &str, value: &str| {
        let mut headers = headers.to_vec();
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.as_bytes().to_vec()));
        headers
    };
    let (svix, hmac) = (signed(OLD), plainly_signed("plain"));
    let dotted = format!("/{}/..", "x".repeat(5000));
    let both: Vec<_> = svix.iter().chain(&hmac[2..]).cloned().collect();
    for headers in [
        both,
        with(&svix, ":method", "GET"),
        with(&svix, ":path", &dotted),
        with(&svix, "svix-timestamp", "1"),
        with(&hmac, "webhook-id", ""),
    ] {
        assert_eq!(send_with(&headers, &worker, &host).0, REFUSED, "{headers:?}");
    }
    let method = Verdict::Rejected(Reason::Method);
    assert_eq!(send_with(&with(&hmac, ":method", "GET"), &worker, &host).0, method);
    let path = Verdict::Rejected(Reason::Path);
    assert_eq!(send_with(&with(&hmac, ":path", &dotted), &worker, &host).0, path);
    let missing = Verdict::Rejected(Reason::Signature(SignatureError::Missing));
    assert_eq!(send_with(&hmac[..2], &worker, &host).0, missing);
}

#[test]
fn while_hmac_waits_for_its_only_secret_the_same_holds_for_it_beside_svix() {
    let text = r#"{"path":"/hooks/lab","svix":{"secrets":[{"sds":"a"},{"sds":"b"}]},
        "hmac":{"secrets":[{"sds":"plain"}]}}"#;
    let mut host = host(&[OLD, "", ""]);
    let worker = start(text, &host);
    assert_eq!(gauges(&host.take_calls(), Series::ConfigOk), [0]);
    let (svix, hmac) = (signed(OLD), plainly_signed("plain"));
    let (verdict, calls) = send_with(&hmac, &worker, &host);
    let waiting = |field: &str, rest: &str| {
        format!("{field}: the secret by SDS has not come, or is empty; {rest}")
    };
    let told = [
        waiting("svix.secrets[1].sds", "the other secrets go on verifying"),
        waiting(
            "hmac.secrets[0].sds",
            "hmac has no usable secret, so its webhooks fail with reason=configuration; svix goes \
             on verifying",
        ),
    ];
    assert_eq!((verdict, lines(&calls)), (REFUSED, told.iter().map(String::as_str).collect()));
    // Unsigned, it claims neither.
    let missing = Verdict::Rejected(Reason::Signature(SignatureError::Missing));
    assert_eq!(send_with(&svix[..2], &worker, &host).0, missing);
    assert_eq!(send_with(&svix, &worker, &host).0, Verdict::Forwarded);
    // One of two is enough for a scheme.
    host.secrets[2] = b"plain".to_vec();
    let (verdict, calls) = send_with(&hmac, &worker, &host);
    assert_eq!((verdict, gauges(&calls, Series::ConfigOk)), (Verdict::Forwarded, vec![1]));
    assert_eq!(lines(&calls), ["hmac.secrets[0].sds: the secret by SDS has come"]);
}

#[test]
fn in_shadow_mode_a_webhook_of_a_scheme_without_a_secret_goes_on_with_that_reason() {
    let text = BOTH.replacen('{', r#"{"mode":"shadow","#, 1);
    let host = host(&[]);
    let worker = start(&text, &host);
    let calls = host.take_calls();
    assert_eq!(
        (gauges(&calls, Series::ConfigOk), gauges(&calls, Series::Shadow)),
        (vec![0], vec![1])
    );
    let (verdict, calls) = send(OLD, &worker, &host);
    assert_eq!(verdict, Verdict::Shadowed(Err(Reason::Configuration)));
    let changes: Vec<_> = calls
        .iter()
        .filter_map(|call| if let Call::Change(forward) = call { Some(forward) } else { None })
        .collect();
    let told = ("x-junction-verdict", "reject;configuration".into());
    assert_eq!(changes, [&Forward { remove: vec![], set: vec![told], body: None }]);
    assert_eq!(send_with(&plainly_signed("plain"), &worker, &host).0, Verdict::Shadowed(Ok(())));
}

#[test]
fn a_host_that_delivers_nothing_never_accepts_and_refuses_sds_where_it_reads_a_configuration() {
    let host = host(&[]);
    let worker = start(CONFIG, &host);
    assert_eq!(send(OLD, &worker, &host).0, REFUSED);
    let plugin = Config::parse(CONFIG.as_bytes(), |_| None::<String>);
    let line = "configuration is unusable: svix.secrets[0].sds: needs the native module; its path \
                is answered with 500";
    assert_eq!(plugin.unwrap_err().to_string(), line);
}
