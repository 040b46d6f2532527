//! The checks of the signature, and of which requests need one.

use harness::{CONNECTION_MANAGER, ID, Request, SECRET, Setup, now, shared, sign};

use crate::sample::{RESULT, refused, unverified};

#[test]
fn refuses_missing_signature_headers() {
    refused("none at all", &Request::unsigned(RESULT), 401, &unverified());
    for header in ["svix-id", "svix-timestamp", "svix-signature"] {
        refused(header, &Request::signed(RESULT).without(header), 401, &unverified());
    }
}

#[test]
fn refuses_malformed_signature_headers() {
    let good = Request::signed(RESULT);
    let again = |name: &str| {
        let (_, value) = good.headers.iter().find(|(known, _)| known == name).unwrap();
        good.clone().header(name, value)
    };
    let many = ["v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; 33].join(" ");
    for (name, request) in [
        ("the id twice", again("svix-id")),
        ("the timestamp twice", again("svix-timestamp")),
        ("the signature twice", again("svix-signature")),
        ("an id with a dot", good.clone().set("svix-id", "msg.1")),
        ("an empty id", good.clone().set("svix-id", "")),
        ("a timestamp with a fraction", good.clone().set("svix-timestamp", "1.5")),
        ("no timestamp at all", good.clone().set("svix-timestamp", "now")),
        ("33 signatures", good.clone().set("svix-signature", &many)),
        ("a mix of families", good.clone().without("svix-id").header("webhook-id", ID)),
    ] {
        refused(name, &request, 401, &unverified());
    }
}

#[test]
fn refuses_timestamps_out_of_tolerance() {
    // Far enough out that the test's own duration does not matter.
    for (name, offset) in [("too old", -310), ("too new", 330)] {
        let request = Request::signed_with(SECRET, ID, now() + offset, RESULT);
        refused(name, &request, 401, &unverified());
    }
    for (name, offset) in [("old", -280), ("new", 290)] {
        let request = Request::signed_with(SECRET, ID, now() + offset, RESULT);
        assert_eq!(shared().send(&request).status, 200, "{name}");
    }
}

#[test]
fn refuses_signatures_that_do_not_match() {
    let at = now();
    let good = Request::signed_with(SECRET, ID, at, RESULT);
    let other = sign("whsec_b3RoZXIgc2VjcmV0IG9mIHNvbWUgbGVuZ3Ro", ID, at, RESULT.as_bytes());
    for (name, request) in [
        ("another body", good.clone().body(RESULT.replace("136.50", "136.51"))),
        ("a space more", good.clone().body(format!("{RESULT} "))),
        ("no body", good.clone().body("")),
        ("another id", good.clone().set("svix-id", "msg_other")),
        ("another time", good.clone().set("svix-timestamp", &(at - 1).to_string())),
        ("another secret", good.clone().set("svix-signature", &other)),
        ("an unknown version", good.clone().set("svix-signature", "v2,abc")),
        ("no signature in it", good.clone().set("svix-signature", "v1,")),
    ] {
        refused(name, &request, 401, &unverified());
    }
}

#[test]
fn accepts_one_matching_signature_among_others() {
    let at = now();
    let entry = sign(SECRET, ID, at, RESULT.as_bytes());
    let request = Request::signed_with(SECRET, ID, at, RESULT)
        .set("svix-signature", &format!("v1a,asymmetric v1,AAAA {entry}"));
    assert_eq!(shared().send(&request).status, 200);
}

#[test]
fn guards_every_spelling_that_reaches_the_endpoint() {
    for path in [
        "/v1/webhooks/junction/",
        "//v1/webhooks//junction",
        "/v1/./webhooks/x/../junction",
        "/v1/webhooks/%6Aunction",
        "/v1/webhooks%2Fjunction",
        "/v1/webhooks%5cjunction",
        "/v1\\webhooks\\junction",
        "/v1/webhooks/x/%2e%2e/junction",
    ] {
        refused(path, &Request::unsigned(RESULT).path(path), 401, &unverified());
    }
    for path in ["/v1/webhooks/junctions", "/v1/webhooks", "/V1/webhooks/junction"] {
        let request = Request::unsigned(RESULT).path(path);
        assert_eq!(shared().send(&request).status, 404, "{path}: the stub's own answer");
        assert_eq!(shared().forwarded(&request).path, request.target());
    }
}

#[test]
fn guards_what_follows_an_authority_where_slashes_are_not_merged() {
    let merges = format!("{CONNECTION_MANAGER}.merge_slashes");
    let gateway = Setup::new().patch(&merges, false).start();
    for path in [
        "//x/v1/webhooks/junction",
        "//x:1/v1/webhooks/junction",
        "/\\x/v1/webhooks/junction",
        "///x/v1/webhooks/junction",
        "//x\\v1/webhooks/junction",
        "//x/a/../v1/webhooks/junction",
    ] {
        let forged = Request::signed(RESULT).set("svix-id", "msg_forged").path(path);
        let answer = gateway.send(&forged);
        assert_eq!((answer.status, answer.json()), (401, unverified()), "{path}");
        assert_eq!(gateway.saw(&forged), [], "{path}: the upstream saw nothing");
    }
    for path in ["//x/other", "/x/v1/webhooks/junction"] {
        let request = Request::unsigned(RESULT).path(path);
        assert_eq!(gateway.send(&request).status, 404, "{path}: the stub's own answer");
        assert_eq!(gateway.forwarded(&request).path, request.target());
    }
}
