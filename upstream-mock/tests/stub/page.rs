//! The page as it is served: one document that loads nothing, under a policy that lets it run.

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use crate::running::{lab_event, start};

/// The page's head and document.
fn page(stub: &crate::running::Running) -> (String, String) {
    let host = &stub.address;
    let answer =
        stub.exchange(&format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
    let (head, document) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), document.to_owned())
}

/// What stands between two texts that are there once.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    assert_eq!(text.matches(before).count(), 1, "{before}");
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[test]
fn its_policy_allows_its_own_script_and_style_and_nothing_else() {
    let stub = start(&[]);
    let (head, document) = page(&stub);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let script = hash(between(&document, "<script type=\"module\">", "</script>"));
    let style = hash(between(&document, "<style>", "</style>"));
    let policy = between(&head, "content-security-policy: ", "\r\n");
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'"
        )
    );
    for header in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
        "cross-origin-opener-policy: same-origin",
    ] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
}

#[test]
fn it_has_no_markup_that_loads_or_runs_anything_and_no_code_that_parses_markup() {
    let (_, document) = page(&start(&[]));
    assert_eq!(document.matches("<script").count(), 1);
    for word in [
        "<link",
        "<img",
        "<iframe",
        "<base",
        "src=",
        "@import",
        "url(",
        "://",
        " style=",
        "onclick",
        "onerror",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "DOMParser",
        "createContextualFragment",
        "setHTML",
        "import(",
        "importScripts",
        "srcdoc",
    ] {
        // The name space of SVG is no address that anyone asks.
        let rest = document.replace("http://www.w3.org/2000/svg", "");
        assert!(!rest.contains(word), "{word}");
    }
}

#[test]
fn it_is_the_same_whatever_came() {
    let stub = start(&[]);
    let before = page(&stub).1;
    assert_eq!(stub.post(lab_event("<script>alert(1)</script>")).0, 200);
    assert_eq!(page(&stub).1, before);
}

#[test]
fn what_it_asks_for_is_private_and_no_document() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("<script>alert(1)</script>")).0, 200);
    let id = crate::stream::ids(&stub, 1).remove(0);
    for (target, kind) in [
        (format!("/requests/{id}"), "application/json"),
        (format!("/requests/{id}/view"), "application/json"),
        (format!("/requests/{id}/curl"), "text/plain; charset=utf-8"),
        ("/requests".to_owned(), "application/json"),
        ("/events".to_owned(), "application/json"),
    ] {
        let host = &stub.address;
        let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = stub.exchange(&request);
        let (head, _) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{target}: {head}");
        for header in [
            &format!("content-type: {kind}"),
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(head.lines().any(|line| line == header), "{target}: {header} in {head}");
        }
    }
}
