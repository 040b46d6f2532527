//! The committed `envoy.yaml` itself.

use harness::{Request, Setup, shared};

#[test]
fn envoy_accepts_the_committed_configuration() {
    let (accepted, log) = Setup::new().validate();
    assert!(accepted, "{log}");
}

#[test]
fn proxies_an_unguarded_path_untouched() {
    let request = Request::new("PUT", "/orders/17")
        .header("content-type", "text/plain")
        .header("svix-signature", "v1,whatever")
        .header("x-junction-verdict", "accept")
        .body("not JSON");
    // The stub has no such path: its own answer comes back as it is.
    let answer = shared().send(&request);
    assert_eq!(answer.status, 404, "{}\n{}", answer.text(), shared().log());
    assert_eq!(answer.header("server"), None);

    let seen = shared().forwarded(&request);
    assert_eq!((seen.method.as_str(), &seen.path), ("PUT", &request.target()));
    assert_eq!(seen.body.as_deref(), Some("not JSON"));
    for (name, value) in &request.headers {
        assert_eq!(seen.header(name), [value], "{name}");
    }
}
