//! It finds each cause, of requests that other code signed; and it holds its tongue.

use std::{fs, process::Output};

use serde_json::Value;
use test_support::refused::{Refused, causes};

use super::{AT, explain, run};

fn raw(case: &Refused) -> Vec<u8> {
    let body = case.body();
    let mut raw = b"POST /v1/webhooks/junction HTTP/1.1\r\nhost: example.com\r\n".to_vec();
    for (name, value) in &case.headers {
        raw.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    raw.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
    raw.extend(body);
    raw
}

fn explained(case: &Refused, more: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.json");
    fs::write(&config, case.config.to_string()).unwrap();
    let mut command = explain(&["-", "--at", AT, "--config", config.to_str().unwrap()]);
    command.args(more).envs(&case.environment);
    for name in &case.also_env {
        command.args(["--also-env", name]);
    }
    run(command, &raw(case))
}

#[test]
fn finds_the_cause_of_every_signature_that_does_not_match() {
    let mut wrong = Vec::new();
    for case in Refused::all() {
        let Output { status, stdout, stderr } = explained(&case, &["--json"]);
        let Ok(told) = serde_json::from_slice::<Value>(&stdout) else {
            panic!("{}: {}", case.name, String::from_utf8_lossy(&stderr));
        };
        let found = (told["verdict"]["reason"].as_str().unwrap(), causes(&told), status.code());
        if found != (&case.reason, case.causes(), Some(1)) {
            wrong.push(format!("{}: {found:?} {}", case.name, told["advice"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What every case's secrets are, and what a right signature is: none of it is anyone's to see.
#[test]
fn shows_no_secret_and_no_signature() {
    for case in Refused::all() {
        for more in [["--json"].as_slice(), &[], &["--show-body"]] {
            let Output { stdout, stderr, .. } = explained(&case, more);
            let told = String::from_utf8([stdout, stderr].concat()).unwrap();
            let headers = case.headers.iter().filter(|(name, _)| name.contains("signature"));
            let claimed =
                headers.map(|(_, value)| value.rsplit(['=', ',']).next().unwrap_or(value));
            let claimed = claimed.filter(|text| text.len() > 8);
            for text in case.environment.values().map(String::as_str).chain(claimed) {
                let bare = text.trim_start_matches("whsec_").trim();
                // The word `simple` is no secret of anyone's.
                assert!(bare.len() < 8 || !told.contains(bare), "{}: {told}", case.name);
            }
        }
    }
}

#[test]
fn shows_what_a_body_says_only_where_that_is_asked_for() {
    for case in Refused::all() {
        let hidden = String::from_utf8(explained(&case, &[]).stdout).unwrap();
        for value in ["o-1", "größer", "order.completed"] {
            assert!(!hidden.contains(value), "{}: {hidden}", case.name);
        }
    }
}

#[test]
fn advises_nothing_that_weakens_a_check() {
    for case in Refused::all() {
        let json: Value = serde_json::from_slice(&explained(&case, &["--json"]).stdout).unwrap();
        let advice = json["advice"].as_str().unwrap();
        assert!(advice.ends_with('.'), "{advice}");
        assert_eq!(advice.matches(". ").count(), 0, "one sentence: {advice}");
        for word in ["tolerance", "raise", "disable", "turn off", "shadow", "hmac.secrets", "skip"]
        {
            assert!(!advice.contains(word), "{}: {advice}", case.name);
        }
    }
}

#[test]
fn knows_milliseconds_that_are_signed_right() {
    let cases = Refused::all();
    let case = cases.iter().find(|case| case.name == "milliseconds were signed and sent");
    let told: Value =
        serde_json::from_slice(&explained(case.unwrap(), &["--json"]).stdout).unwrap();
    let start = "A signature matches as it is, over a timestamp that is not in seconds";
    assert!(told["advice"].as_str().unwrap().starts_with(start), "{told:#}");
}
