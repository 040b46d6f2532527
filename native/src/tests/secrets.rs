//! Secrets that Envoy delivers, from a static one or from a source, at the interface to Envoy.

use super::*;
use crate::abi::fake::Secret;

const CONFIG: &str = r#"{"svix":{"secrets":[{"sds":"junction"}]}}"#;
const SOURCED: &str = r#"{"svix":{"secrets":[{"sds":"junction","config_source":{"ads":{},"resource_api_version":"V3"}}]}}"#;
const SOURCE: &str = r#"{"ads":{},"resource_api_version":"V3"}"#;
const OTHER: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";

fn envoy(source: &str, value: &str) -> Envoy {
    let (name, source, value) = ("junction".to_owned(), source.to_owned(), value.into());
    Envoy { secrets: vec![Secret { name, source, value }], ..Envoy::default() }
}

/// What becomes of a webhook that [`SECRET`] signs: its answer, if any.
fn send(envoy: &mut Envoy, plugin: &Plugin) -> Option<u32> {
    envoy.headers = signed("msg_1", BODY);
    envoy.response = None;
    envoy.received.clear();
    envoy.buffered.clear();
    let request = fake::request(plugin.0);
    if fake::headers(envoy, request, false) == Status::Hold && envoy.response.is_none() {
        envoy.receive(BODY.as_bytes());
        let goes_on = fake::body(envoy, request, true) == Status::Continue;
        assert_eq!(goes_on, envoy.response.is_none());
    }
    let is_forwarded = envoy.received.starts_with(br#"{"contract":"junction.event.v1""#);
    assert_eq!(is_forwarded, envoy.response.is_none(), "nothing else goes on");
    fake::complete(envoy, request);
    fake::destroy(request);
    envoy.response.clone().map(|(status, _)| status)
}

#[test]
fn a_static_secret_verifies_from_the_start_and_a_new_value_with_the_next_request() {
    let mut envoy = envoy("", SECRET);
    let plugin = Plugin::new(&mut envoy, CONFIG);
    assert_eq!(send(&mut envoy, &plugin), None);
    envoy.secrets[0].value = OTHER.into();
    assert_eq!(send(&mut envoy, &plugin), Some(401));
    envoy.secrets[0].value = format!("{SECRET}\n").into();
    assert_eq!(send(&mut envoy, &plugin), None);
    assert_eq!(envoy.log, ["webhook rejected: reason=signature_mismatch event_id=msg_1"]);
}

#[test]
fn a_secret_that_comes_late_empty_or_broken_is_answered_500_until_it_is_one() {
    let mut envoy = envoy(SOURCE, "");
    let plugin = Plugin::new(&mut envoy, SOURCED);
    assert!(envoy.log.is_empty(), "it may still come: {:?}", envoy.log);
    for (value, status, lines, ok) in [
        ("", Some(500), 2, 0),
        ("", Some(500), 1, 0),
        ("whsec_!canary!", Some(500), 2, 0),
        (SECRET, None, 1, 1),
        (SECRET, None, 0, 1),
        (" \n", Some(500), 2, 0),
    ] {
        envoy.secrets[0].value = value.into();
        envoy.log.clear();
        assert_eq!(send(&mut envoy, &plugin), status, "{value:?}");
        assert_eq!(envoy.log.len(), lines, "{value:?}: {:?}", envoy.log);
        assert!(!envoy.log.concat().contains("canary"), "{:?}", envoy.log);
        assert_eq!(envoy.gauge("junction_webhook_config_ok"), Some(ok), "{value:?}");
    }
}

#[test]
fn a_secret_that_comes_while_envoy_starts_is_known_before_any_request() {
    let mut envoy = envoy(SOURCE, "");
    let plugin = Plugin::new(&mut envoy, SOURCED);
    assert_eq!((envoy.gauge("junction_webhook_config_ok"), envoy.callbacks), (Some(0), 1));
    fake::call_back(&mut envoy, plugin.0);
    assert_eq!(envoy.gauge("junction_webhook_config_ok"), Some(0));
    envoy.secrets[0].value = SECRET.into();
    fake::call_back(&mut envoy, plugin.0);
    assert_eq!(envoy.gauge("junction_webhook_config_ok"), Some(1));
    assert!(envoy.log.is_empty(), "nothing was ever wrong: {:?}", envoy.log);
    fake::call_back(&mut envoy, ptr::null());

    let mut envoy = Envoy::default();
    let _plugin = Plugin::usable(&mut envoy);
    assert_eq!(envoy.callbacks, 0, "nothing is delivered");
}

#[test]
fn before_envoy_1_40_nothing_can_be_remembered_and_the_configuration_says_so() {
    let text = format!(
        r#"{{"svix":{{"secrets":[{{"inline":"{SECRET}"}}]}},
            "duplicates":{{"remember":16,"seconds":60}}}}"#
    );
    let mut envoy = Envoy { is_old: true, ..Envoy::default() };
    let plugin = Plugin::new(&mut envoy, &text);
    let line = "configuration is unusable: duplicates: needs Envoy 1.40 or later; its path is \
                answered with 500";
    assert_eq!(envoy.log, [line]);
    assert_eq!(send(&mut envoy, &plugin), Some(500));
    assert_eq!(envoy.gauge("junction_webhook_config_ok"), Some(0), "with the first request");
    let mut envoy = Envoy::default();
    let plugin = Plugin::new(&mut envoy, &text);
    assert_eq!((send(&mut envoy, &plugin), &*envoy.log), (None, &[][..]));
}

#[test]
fn a_subscription_that_envoy_does_not_take_is_an_error_that_says_which() {
    for (text, envoy, problem) in [
        (CONFIG, envoy(SOURCE, SECRET), "Envoy has no static secret of this name"),
        (SOURCED, envoy("", SECRET), "Envoy refuses its config_source, and says why in its log"),
        (CONFIG, Envoy { is_old: true, ..envoy("", SECRET) }, "needs Envoy 1.40 or later"),
        (SOURCED, Envoy { is_old: true, ..envoy("", SECRET) }, "needs Envoy 1.40 or later"),
    ] {
        let mut envoy = envoy;
        let plugin = Plugin::new(&mut envoy, text);
        let line = format!(
            "configuration is unusable: svix.secrets[0].sds: {problem}; its path is answered with \
             500"
        );
        assert_eq!(envoy.log, [line]);
        assert_eq!(send(&mut envoy, &plugin), Some(500));
    }
}
