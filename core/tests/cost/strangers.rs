//! What anyone can make the filter allocate without a signature: nothing for a path and for a
//! frame, and for a head no more than a few times its length.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use junction_webhook::config::Config;
use junction_webhook::exchange::{Exchange, Outcome, Plugin};
use junction_webhook::http::Header;
use junction_webhook::route::{MAX_DOTTED_BYTES, Route, Target};

const NOW: Duration = Duration::from_secs(1_614_265_330);
const PATH: &str = "/v1/webhooks/junction";

fn plugin(text: &str) -> Arc<Plugin> {
    let secret = |name: &str| (name == "A").then_some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let plugin = Config::parse(text.as_bytes(), secret);
    assert!(plugin.is_ok(), "{plugin:?}");
    Arc::new(plugin)
}

fn plugins() -> [Arc<Plugin>; 3] {
    [
        plugin(r#"{"svix":{"secrets":[{"env":"A"}]}}"#),
        plugin(r#"{"svix":{"secrets":[{"env":"A"}]},"hmac":{"secrets":[{"inline":"a"}]}}"#),
        plugin(r#"{"svix":{"secrets":[{"env":"A"}]},"mode":"shadow"}"#),
    ]
}

#[test]
fn reading_a_path_allocates_nothing() {
    let route = Route::default();
    let parts = [
        "/",
        "//",
        "/a",
        "/.",
        "/..",
        "/%2e%2E",
        "\\",
        "\\..",
        "%2f",
        "%5c..",
        "/a/..",
        "%2fa/..",
        "/a%2fb/..",
        "a..",
        "%",
        "//h/..",
        PATH,
    ];
    let mut targets = Vec::new();
    for first in parts {
        for second in parts {
            for length in [0, 100, MAX_DOTTED_BYTES, 3 * MAX_DOTTED_BYTES] {
                let both = [first, second].concat();
                targets.push(format!("/{}{PATH}", both.repeat(length / both.len())));
                targets.push(format!("//{}", both.repeat(length / both.len())));
            }
        }
    }
    let mut seen = [false; 3];
    for target in targets {
        let mut read = None;
        let used = measure(|| read = Some(route.classify(target.as_bytes())));
        assert_eq!(used.count_total, 0, "{}", &target[..target.len().min(80)]);
        match read.unwrap() {
            Target::Guarded => seen[0] = true,
            Target::Unguarded => seen[1] = true,
            Target::TooLong => seen[2] = true,
        }
    }
    assert_eq!(seen, [true; 3], "every answer is among them");
}

fn on_head(plugin: &Arc<Plugin>, headers: &[Header<'_>]) -> (Outcome, AllocationInfo) {
    let mut outcome = None;
    let used = measure(|| {
        outcome = Some(Exchange::new(Arc::clone(plugin), None).on_head(headers, false, NOW));
    });
    (outcome.unwrap(), used)
}

#[test]
fn a_head_allocates_no_more_than_a_few_times_its_length() {
    let entry = format!("v1,{}=", "A".repeat(43));
    let lists = [1, 31, 32, 33, 1000].map(|count| vec![entry.as_str(); count].join(" "));
    let skipped = "v2,x ".repeat(10_000);
    let spaces = " ".repeat(60_000);
    let timed = format!("t=1614265330{}", format!(",v1={}", "0".repeat(64)).repeat(800));
    let long = "x".repeat(60_000);
    let names: Vec<_> = (0..5_000).map(|number| format!("x-{number}")).collect();
    let disguised: Vec<_> = (0..1_000).map(|_| "x_junction_verdict").collect();

    let mut heads: Vec<Vec<Header<'_>>> = Vec::new();
    for list in lists.iter().map(String::as_str).chain([&*skipped, &*spaces, &*long]) {
        heads.push(vec![
            ("svix-id", b"msg_1"),
            ("svix-timestamp", b"1614265330"),
            ("svix-signature", list.as_bytes()),
        ]);
    }
    heads.push(vec![("x-signature", timed.as_bytes())]);
    heads.push(vec![("x-signature", long.as_bytes())]);
    for name in ["svix-id", "svix-timestamp", "content-type", "content-encoding", "content-length"]
    {
        heads.push(vec![(name, long.as_bytes())]);
    }
    heads.push(names.iter().map(|name| (name.as_str(), b"1".as_slice())).collect());
    heads.push(vec![("svix-signature", b"1"); 5_000]);
    let full = [("svix-id", "msg_1"), ("svix-timestamp", "1614265330"), ("svix-signature", &entry)]
        .map(|(name, value)| (name, value.as_bytes()));
    let withheld = disguised.iter().map(|name| (*name, b"accept".as_slice()));
    heads.push(full.into_iter().chain(withheld).collect());

    for plugin in plugins() {
        for path in [PATH, "/else"] {
            for head in &heads {
                let mut headers = vec![(":method", b"POST".as_slice()), (":path", path.as_bytes())];
                headers.extend(head);
                let length: usize =
                    headers.iter().map(|(name, value)| name.len() + value.len()).sum();
                let (outcome, used) = on_head(&plugin, &headers);
                let shown = (headers.len(), length, &used);
                let names = u64::try_from(headers.len()).unwrap();
                let length = u64::try_from(length).unwrap();
                if path == "/else" {
                    assert!(matches!(outcome, Outcome::Unguarded), "{outcome:?}");
                    assert_eq!(used.count_total, 0, "{shown:?}");
                } else {
                    // What the request holds until its end, and its answer; one for each header
                    // that ends here, twice where its name is in disguise.
                    assert!(used.count_total <= 48 + 2 * names, "{shown:?}");
                    assert!(used.bytes_total <= 4 * length + 8192, "{shown:?}");
                }
            }
        }
    }
}

#[test]
fn a_frame_allocates_nothing_however_many_there_are() {
    for plugin in plugins() {
        let entry = format!("v1,{}=", "A".repeat(43));
        let headers: [Header<'_>; 5] = [
            (":method", b"POST"),
            (":path", PATH.as_bytes()),
            ("svix-id", b"msg_1"),
            ("svix-timestamp", b"1614265330"),
            ("svix-signature", entry.as_bytes()),
        ];
        let mut exchange = Exchange::new(plugin, None);
        let outcome = exchange.on_head(&headers, false, NOW);
        assert!(matches!(outcome, Outcome::Wait), "{outcome:?}");
        let used = measure(|| {
            for size in 1..=1_048_576 {
                assert!(matches!(exchange.on_body(size), Outcome::Wait));
            }
        });
        assert_eq!(used.count_total, 0, "{used:?}");
    }
}
