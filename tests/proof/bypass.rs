//! A table of spellings, sent through Envoy with and without its own normalisation, over HTTP/1.1
//! and HTTP/2: what reaches the upstream unverified, no common router takes for the endpoint.

use serde_yaml_ng::Value;

use harness::{CONNECTION_MANAGER, GUARDED_PATH, Gateway, Request, Setup, UPSTREAM, Upstream, at};
use test_support::routers::{BEYOND, GUARDED_FOR};

use crate::{RESULT, raw_http2, witness::Witness};

/// Other spellings of the endpoint's path.
const ENDPOINT: [&str; 52] = [
    "/v1/webhooks/junction",
    "/v1/webhooks/junction?",
    "/v1/webhooks/junction?a=b",
    "/v1/webhooks/junction?a=/../b",
    "/v1/webhooks/junction/",
    "/v1/webhooks/junction///",
    "/v1/webhooks/junction/.",
    "/v1/webhooks/junction/x/..",
    "//v1/webhooks/junction",
    "/v1//webhooks////junction",
    "/./v1/./webhooks/./junction",
    "/../v1/webhooks/junction",
    "/v1/../../v1/webhooks/junction",
    "/v1/x/../webhooks/junction",
    "/v1/webhooks/%6aunction",
    "/v1/webhooks/%6Aunction",
    "/%76%31/%77ebhooks/junctio%6e",
    "/v1/webhooks%2Fjunction",
    "/v1%2fwebhooks%2fjunction",
    "/%2fv1/webhooks/junction",
    "/v1/webhooks/junction%2f",
    "/v1/webhooks\\junction",
    "/v1/webhooks%5cjunction",
    "/v1/webhooks%5Cjunction",
    "/v1/x/%2e%2e/webhooks/junction",
    "/v1/x/%2E./webhooks/junction",
    "/v1/x/.%2e%2fwebhooks/junction",
    "/v1/%2e/webhooks/junction",
    "/v1/x\\..\\webhooks/junction",
    "/v1/x%5c..%5cwebhooks/junction",
    "/v1/webhooks//../junction",
    "/v1/webhooks/a\\b/../junction",
    "/v1/webhooks/a%2fb/../junction",
    "/v1/webhooks/a%5Cb/../junction",
    "/v1/webhooks/%2e%2e/../junction",
    "/v1/webhooks/.%2E/../junction",
    "v1/webhooks/junction",
    "\\v1\\webhooks\\junction",
    "%2fv1/webhooks/junction",
    "http://webhooks.test/v1/webhooks/junction",
    "http://webhooks.test//v1/webhooks/junction",
    "HTTPS://webhooks.test:443/v1/webhooks/junction?a",
    "http://user@webhooks.test/v1/webhooks/junction",
    "//webhooks.test/../v1/webhooks/junction",
    "//x/v1/webhooks/junction",
    "//x:1/v1/webhooks/junction?a",
    "/\\x/v1/webhooks/junction",
    "///x/v1/webhooks/junction",
    "//x\\v1/webhooks/junction",
    "//x\\y/v1/webhooks/junction",
    "//x/a/../v1/webhooks/%6aunction",
    "http://webhooks.test//x/v1/webhooks/junction",
];

/// Spellings of other paths, and of nothing; some upstreams in [`BEYOND`] take them all the same.
const OTHERS: [&str; 34] = [
    "/",
    "/v1/webhooks",
    "/v1/webhooks/junctions",
    "/v1/webhooks/junction/x",
    "/v1/webhooks/junction/..",
    "/v1/webhooks/junction/%2e%2e",
    "/v1/webhooks/junction/;x",
    "/v1/webhooks/junction/..;/junction",
    "/v1/webhooks/junction/%2e%2e;/junction",
    "/v1/webhooks/junction/%252e",
    "/v1/webhooks/junction/%252e%252e/junction",
    "/v1/webhooks/junction/%252f",
    "/v1/webhooks/junction/.json",
    "/x/v1/webhooks/junction",
    "//x/other",
    "/v1/webhooks/a/b/../junction",
    "/v1/webhooks/junction;a=b",
    "/v1/webhooks;a/junction",
    "/v1/webhooks/a/..;/junction",
    "/;/v1/webhooks/junction",
    "/V1/webhooks/junction",
    "/v1/webhooks/JUNCTION",
    "/v1/webhooks/%4aunction",
    "/v1/webhooks/junction.json",
    "/v1/webhooks%252fjunction",
    "/v1/webhooks/%256aunction",
    "/v1/x/%252e%252e/webhooks/junction",
    "/v1/webhooks/junction%3fa",
    "/v1/webhooks/junction%23",
    "/v1/webhooks/junction%20",
    "/v1/webhooks/junction%00",
    "/v1/webhooks%c0%afjunction",
    "/v1/webhooks/junction%",
    "*",
];

/// How Envoy spells a path before the filter sees it.
const NORMALISATIONS: [(&str, bool, bool, &str); 4] = [
    ("as committed", true, true, "UNESCAPE_AND_FORWARD"),
    ("none", false, false, "KEEP_UNCHANGED"),
    ("dots only", true, false, "KEEP_UNCHANGED"),
    ("slashes only", false, true, "KEEP_UNCHANGED"),
];

#[test]
fn no_spelling_reaches_an_upstream_that_takes_it_for_the_endpoint() {
    // Side by side, since Envoy takes a second to hang up on a head that it refuses.
    let counts: Vec<(usize, usize)> = std::thread::scope(|scope| {
        NORMALISATIONS
            .map(|normalisation| scope.spawn(move || try_all(normalisation)))
            .map(|thread| thread.join().unwrap())
            .into()
    });
    let sent: usize = counts.iter().map(|(sent, _)| sent).sum();
    let arrived: usize = counts.iter().map(|(_, arrived)| arrived).sum();
    test_support::figures::record(
        "21-bypass-envoy",
        "Spellings through Envoy with and without its normalisation, over HTTP/1.1 and HTTP/2",
        &format!("{sent} sent unsigned, {arrived} reached the upstream, 0 as the endpoint"),
    );
}

/// How many requests were sent, and how many reached the upstream.
fn try_all((name, dots, slashes, escapes): (&str, bool, bool, &str)) -> (usize, usize) {
    let witness = Witness::start();
    let mut setup = Setup::new().patch(UPSTREAM, witness.address.port());
    let manager = at(setup.yaml(), CONNECTION_MANAGER);
    manager["normalize_path"] = dots.into();
    manager["merge_slashes"] = slashes.into();
    manager["path_with_escaped_slashes_action"] = escapes.into();
    let gateway = setup.start_in_front_of(Upstream::start(&[]));
    let (mut sent, mut arrived) = (0, 0);
    for target in ENDPOINT.iter().chain(&OTHERS) {
        for version in ["HTTP/1.1", "HTTP/2"] {
            let seen = match version {
                "HTTP/2" => over_http2(&gateway, &witness, target),
                _ => over_http1(&gateway, &witness, target),
            };
            sent += 1;
            arrived += seen.len();
            for seen in &seen {
                let takers: Vec<_> = GUARDED_FOR
                    .iter()
                    .filter(|router| router.takes(seen, GUARDED_PATH))
                    .map(|router| router.name)
                    .collect();
                let seen = seen.escape_ascii();
                assert!(takers.is_empty(), "{name}: {version} {target} as {seen}: {takers:?}");
            }
        }
    }
    assert!(arrived > 0, "{name}: spellings of other paths go through");
    assert_eq!(gateway.wasm_reloads(), 0, "{name}");
    (sent, arrived)
}

/// What arrives at the upstream of a request without a signature.
fn over_http1(gateway: &Gateway, witness: &Witness, target: &str) -> Vec<Vec<u8>> {
    let mut wire = gateway.connect();
    wire.write(format!(
        "POST {target} HTTP/1.1\r\nhost: webhooks.test\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n"
    ));
    // Envoy hangs up on what it cannot read.
    let _ = wire.try_answer();
    witness.take()
}

fn over_http2(gateway: &Gateway, witness: &Witness, target: &str) -> Vec<Vec<u8>> {
    raw_http2::send(gateway.address, &head(target), b"");
    witness.take()
}

fn head(target: &str) -> [(&'static [u8], &[u8]); 4] {
    [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":authority", b"webhooks.test"),
        (b":path", target.as_bytes()),
    ]
}

/// The remedy that `SECURITY.md` gives for upstreams that take more for the endpoint than the
/// contract does is read from there and tried.
#[test]
fn the_documented_routes_close_the_endpoint_to_upstreams_that_forgive_more() {
    let text = include_str!("../../SECURITY.md");
    let (_, after) = text.split_once("```yaml\n").unwrap();
    let (snippet, _) = after.split_once("```").unwrap();
    let remedy: Vec<Value> = serde_yaml_ng::from_str(snippet).unwrap();

    let reaching = |setup: Setup| -> Vec<String> {
        let witness = Witness::start();
        let setup = setup.patch(UPSTREAM, witness.address.port());
        let gateway = setup.start_in_front_of(Upstream::start(&[]));
        let reaching = OTHERS.iter().filter(|target| {
            let seen = over_http2(&gateway, &witness, target);
            seen.iter().any(|seen| BEYOND.iter().any(|router| router.takes(seen, GUARDED_PATH)))
        });
        let reaching = reaching.map(ToString::to_string).collect();
        for path in [GUARDED_PATH, "/v1/webhooks/junction/"] {
            let webhook = Request::signed(RESULT).path(path);
            assert_eq!(gateway.send(&webhook).status, 204, "{path}: a webhook still arrives");
            assert_eq!(witness.take(), [webhook.target().into_bytes()]);
        }
        reaching
    };
    let mut left = reaching(Setup::new());
    // Newer Envoys read `..;` as `..`, older ones pass it on.
    left.retain(|target| !target.contains("..;") && !target.contains("%2e%2e;"));
    assert_eq!(
        left,
        [
            "/v1/webhooks/junction/;x",
            "/v1/webhooks/junction/%252e",
            "/v1/webhooks/junction/%252e%252e/junction",
            "/v1/webhooks/junction/%252f",
            "/v1/webhooks/junction/.json",
            "/v1/webhooks/junction;a=b",
            "/v1/webhooks;a/junction",
            "/;/v1/webhooks/junction",
            "/V1/webhooks/junction",
            "/v1/webhooks/JUNCTION",
            "/v1/webhooks/%4aunction",
            "/v1/webhooks/junction.json",
            "/v1/webhooks%252fjunction",
            "/v1/webhooks/%256aunction",
            "/v1/x/%252e%252e/webhooks/junction",
        ],
        "what the contract leaves to the upstream"
    );
    let mut closed = Setup::new();
    let routes = "route_config.virtual_hosts.0.routes";
    let routes = at(closed.yaml(), &format!("{CONNECTION_MANAGER}.{routes}"));
    let routes = routes.as_sequence_mut().unwrap();
    routes.splice(1..1, remedy);
    assert_eq!(reaching(closed), [""; 0], "with the documented routes");
}
