//! `GET /`: the page for people, one document that loads nothing.
//!
//! Whatever a sender wrote reaches it as data, and the page writes texts only. Should that fail,
//! the policy lets no script and no style run but the page's own, by their hashes, and lets nothing
//! be loaded or sent anywhere but here.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

const DOCUMENT: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPTS: [&str; 4] = [
    include_str!("page/elements.js"),
    include_str!("page/detail.js"),
    include_str!("page/list.js"),
    include_str!("page/live.js"),
];

/// The page and its policy, put together once.
static PAGE: LazyLock<(String, String)> = LazyLock::new(|| {
    let script = SCRIPTS.concat();
    let document = DOCUMENT.replace("/*style*/", STYLE).replace("/*script*/", &script);
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(&script),
        hash(STYLE)
    );
    (document, policy)
});

/// What goes with each answer that shows what came: it is kept nowhere, taken for nothing else, and
/// part of no other site.
pub(crate) const PRIVATE: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The page.
pub(crate) fn answer() -> Response {
    let (document, policy) = &*PAGE;
    ([(header::CONTENT_SECURITY_POLICY, policy.as_str())], Html(document.as_str())).into_response()
}

/// A source expression of the policy (Content Security Policy Level 3, section 2.3.1).
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}
