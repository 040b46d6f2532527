//! A configuration that is broken, in whatever way, never opens the path that its operator meant.
//!
//! The path is known here before the text is broken, and the request goes to that path: nothing is
//! asked of what the filter made of the text.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::{Config, Guarded};
use junction_webhook::exchange::{Action, Plugin};
use junction_webhook::reject::Reason;
use junction_webhook::report::Verdict;
use proptest::prelude::*;
use proptest::test_runner;
use test_support::OwnedHeader;
use test_support::drive::{Arrival, End, drive};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &[u8] = br#"{"event_type":"order.completed","data":{"order_id":"o","status":"s"}}"#;

fn environment(name: &str) -> Option<&'static str> {
    (name == "JUNCTION_WEBHOOK_SECRET").then_some(SECRET)
}

/// What comes of an unsigned request to `path`.
fn unsigned(configuration: &[u8], path: &str) -> End {
    let plugin: Arc<Plugin> = Arc::new(Config::parse(configuration, environment));
    let shown = format!("{plugin:?}");
    assert!(!shown.contains(&SECRET["whsec_".len()..]), "a secret: {shown}");
    let headers: Vec<OwnedHeader> =
        vec![(":method".into(), b"POST".to_vec()), (":path".into(), path.as_bytes().to_vec())];
    drive(&plugin, &headers, BODY, &Arrival::default(), Duration::from_secs(1_795_000_000))
}

fn refusal(end: &End) -> Option<Reason> {
    let End::Decided(report, Action::Answer(_)) = end else { return None };
    match report.verdict {
        Verdict::Rejected(reason) => Some(reason),
        _ => None,
    }
}

/// The fields before and after the path's, which stands at any place among them.
const OTHERS: [&str; 4] = [
    r#""svix": {"secrets": [{"env": "JUNCTION_WEBHOOK_SECRET"}], "tolerance_seconds": 300}"#,
    r#""hmac": {"secrets": [{"inline": "k"}], "headers": ["x-lab"]}"#,
    r#""max_body_bytes": 65536"#,
    r#""mode": "enforce""#,
];

fn text(before: &str, path: &str, after: &str) -> String {
    format!("{{{before}\"path\": \"{path}\"{after}}}")
}

fn paths() -> impl Strategy<Value = String> {
    "(/[a-zA-Z0-9._~-]{0,6}[a-z]){1,3}"
}

/// The text before the path's value, and after it.
fn halves() -> impl Strategy<Value = (String, String)> {
    (Just(OTHERS.to_vec()).prop_shuffle(), 0..=OTHERS.len()).prop_map(|(fields, at)| {
        let before = fields[..at].iter().flat_map(|field| [field, ", "]).collect::<String>();
        let after = fields[at..].iter().flat_map(|field| [", ", field]).collect::<String>();
        (format!("{{{before}\"path\": "), format!("{after}}}"))
    })
}

/// A slip of the hand anywhere but in the path's value.
#[derive(Clone, Debug)]
enum Slip {
    Replace(prop::sample::Index, Vec<u8>),
    Insert(prop::sample::Index, Vec<u8>),
    Delete(prop::sample::Index, usize),
    Cut(prop::sample::Index),
    Swap(prop::sample::Index),
}

fn slips() -> impl Strategy<Value = Slip> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..3),
        prop::sample::select(vec![
            ",",
            "}",
            "{",
            "]",
            "[",
            "\"",
            "'",
            ":",
            "// x\n",
            "/* x */",
            "# x\n",
            "\u{feff}",
            "\\",
            "\0",
            "\t",
            "\n",
            "null",
            "1",
            "A",
            "S",
            "_",
            "{}",
            ",,",
            "\"x\": 1,",
            "\"path\": 1,",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    prop_oneof![
        (at(), piece.clone()).prop_map(|(at, piece)| Slip::Replace(at, piece)),
        (at(), piece).prop_map(|(at, piece)| Slip::Insert(at, piece)),
        (at(), 1_usize..4).prop_map(|(at, length)| Slip::Delete(at, length)),
        at().prop_map(Slip::Cut),
        at().prop_map(Slip::Swap),
    ]
}

fn slip(text: &mut Vec<u8>, slip: &Slip) {
    match slip {
        Slip::Replace(at, piece) if !text.is_empty() => {
            let at = at.index(text.len());
            text.splice(at..=at, piece.iter().copied());
        }
        Slip::Insert(at, piece) => {
            let at = at.index(text.len() + 1);
            text.splice(at..at, piece.iter().copied());
        }
        Slip::Delete(at, length) if !text.is_empty() => {
            let at = at.index(text.len());
            text.drain(at..(at + length).min(text.len()));
        }
        Slip::Cut(at) if !text.is_empty() => text.truncate(at.index(text.len())),
        Slip::Swap(at) if text.len() > 1 => {
            let at = at.index(text.len() - 1);
            text.swap(at, at + 1);
        }
        _ => {}
    }
}

fn config() -> test_runner::Config {
    let config = test_runner::Config::default();
    test_runner::Config { failure_persistence: None, cases: config.cases.max(1024), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_breaks_a_configuration_its_own_path_stays_closed(
        path in paths(),
        (before, after) in halves(),
        slips in prop::collection::vec((any::<bool>(), slips()), 0..4),
    ) {
        let mut halves = [before.into_bytes(), after.into_bytes()];
        for (second, own) in &slips {
            // A file is cut at its end; to lose its middle, the path's name in it, is another text.
            if matches!(own, Slip::Cut(_)) && !second {
                continue;
            }
            slip(&mut halves[usize::from(*second)], own);
        }
        let [before, after] = halves;
        let value = format!("\"{path}\"");
        let broken = [&before, value.as_bytes(), &after].concat();
        let end = unsigned(&broken, &path);
        prop_assert!(refusal(&end).is_some(), "{}: {end:?}", broken.escape_ascii());
    }

    #[test]
    fn what_is_no_json_object_closes_everything(
        configuration in prop_oneof![
            prop::collection::vec(any::<u8>(), 1..60),
            "[{}\\[\\]\":,a-z0-9_. ]{1,60}".prop_map(String::into_bytes),
        ],
        path in paths(),
    ) {
        let is_object = serde_json::from_slice::<serde_json::Value>(&configuration)
            .is_ok_and(|value| value.is_object());
        let end = unsigned(&configuration, &path);
        end.require_sound(false);
        prop_assert!(is_object || refusal(&end) == Some(Reason::Configuration), "{end:?}");
    }
}

/// What people write where a path is meant, each seen in some configuration.
#[test]
fn a_mistake_in_or_around_the_path_closes_everything() {
    let valid = text("", "/hooks/lab", "");
    let value = |path: &str| text("", path, "");
    let at_the_start = |start: &str| format!("{start}{valid}");
    for broken in [
        // In its value.
        value("/hooks/lab "),
        value(" /hooks/lab"),
        value("/hooks/lab?source=junction"),
        value("/hooks/lab#a"),
        value("/hooks/l%61b"),
        value("/hooks/läb"),
        value("/hooks/*"),
        value("/hooks/{lab}"),
        value("/hooks//lab"),
        value("/hooks/lab//"),
        value("/hooks/./lab"),
        value("hooks/lab"),
        value("https://example.com/hooks/lab"),
        value("^/hooks/lab$"),
        value(""),
        value("\\u002fhooks\\\\lab"),
        r#"{"path": null}"#.to_owned(),
        r#"{"path": ["/hooks/lab"]}"#.to_owned(),
        r#"{"path": {"exact": "/hooks/lab"}}"#.to_owned(),
        r#"{"path": 1, "mode": 1}"#.to_owned(),
        // In its name and its place.
        r#"{"Path": "/hooks/lab"}"#.to_owned(),
        r#"{"paths": "/hooks/lab"}"#.to_owned(),
        r#"{"prefix": "/hooks/lab"}"#.to_owned(),
        r#"{"svix": {"path": "/hooks/lab"}}"#.to_owned(),
        r#"{"svix": {"secrets": [{"env": "JUNCTION_WEBHOOK_SECRET", "path": "/hooks/lab"}]}}"#
            .to_owned(),
        r#"{"duplicates": {"remember": 1, "seconds": 1, "path": "/hooks/lab"}}"#.to_owned(),
        r#"{"mode": {"path": "/hooks/lab"}}"#.to_owned(),
        r#"{"hmac": {"headers": [{"path": "/hooks/lab"}]}}"#.to_owned(),
        r#"{"config": {"path": "/hooks/lab"}}"#.to_owned(),
        text("", "/hooks/lab", r#", "path": "/hooks/lab""#),
        text(r#""path": 1, "#, "/hooks/lab", ""),
        format!("[{valid}]"),
        serde_json::to_string(&valid).unwrap(),
        // Around it.
        at_the_start("\u{feff}"),
        at_the_start("// the endpoint\n"),
        at_the_start("/* the endpoint */"),
        format!("{valid};"),
        format!("{valid}{valid}"),
        text("", "/hooks/lab", ","),
        text("", "/hooks/lab", " # the endpoint\n"),
        valid.replace('"', "'"),
        valid.replace(':', "="),
        "path: /hooks/lab".to_owned(),
        " ".to_owned(),
        "null".to_owned(),
    ] {
        for path in ["/hooks/lab", "/hooks/lab/x", "/v1/webhooks/junction", "/", "/else", "*", ""] {
            let end = unsigned(broken.as_bytes(), path);
            assert_eq!(refusal(&end), Some(Reason::Configuration), "{broken}: {path}");
        }
    }
}

#[test]
fn a_broken_configuration_closes_its_own_path_alone_where_that_is_certain() {
    for (broken, guarded) in [
        (r#"{"path": "/hooks/lab", "mode": 1}"#, "/hooks/lab"),
        (r#"{"path": "/hooks/lab/", "mode": 1}"#, "/hooks/lab"),
        (r#"{"mode": 1, "p\u0061th": "/hooks/lab"}"#, "/hooks/lab"),
        (r#"{"path": "/hooks/lab", "Path": "/other", "svix": {"path": 1}}"#, "/hooks/lab"),
        (r#"{"path": "/hooks/lab", "svix": []}"#, "/hooks/lab"),
        (r#"{"mode": 1}"#, "/v1/webhooks/junction"),
        (r#"{"mode": "enforce", "mode": "enforce"}"#, "/v1/webhooks/junction"),
        (r#"{"svix": {"secrets": []}}"#, "/v1/webhooks/junction"),
        (r#"{"svix": {"secrets": [{"env": "X", "inline": 1}]}}"#, "/v1/webhooks/junction"),
        (r#"{"svix": 1, "hmac": [], "duplicates": {"remember": "x"}}"#, "/v1/webhooks/junction"),
    ] {
        let plugin = Config::parse(broken.as_bytes(), environment);
        let unusable = plugin.expect_err(broken);
        let Guarded::Path(route) = &unusable.guarded else { panic!("{broken}: everything") };
        assert_eq!(route.path(), guarded, "{broken}");
        let end = unsigned(broken.as_bytes(), guarded);
        assert_eq!(refusal(&end), Some(Reason::Configuration), "{broken}");
        assert_eq!(unsigned(broken.as_bytes(), "/else"), End::Unguarded, "{broken}");
        // Nobody can say where this one leads.
        let unclear = format!("/else/..{}", "/x".repeat(4096));
        let end = unsigned(broken.as_bytes(), &unclear);
        assert_eq!(refusal(&end), Some(Reason::Configuration), "{broken}");
    }
}
