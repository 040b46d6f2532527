//! Requests, their signatures and their answers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

/// The path that is guarded by default.
pub const GUARDED_PATH: &str = "/v1/webhooks/junction";

/// The secret of every test that does not bring its own.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The event id of every test that does not bring its own.
pub const ID: &str = "msg_2b3s8fK0test";

/// Numbers the requests of this process.
static NEXT_CASE: AtomicU64 = AtomicU64::new(1);

/// A request. Its query is unique, which is how the upstream's view of it is found again; the
/// filter does not look at the query.
#[derive(Clone, Debug)]
pub struct Request {
    /// As it is sent; nothing checks it.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// Name and value, in the order of the request.
    pub headers: Vec<(String, String)>,
    /// As it is sent, before any framing.
    pub body: Vec<u8>,
}

impl Request {
    /// A request with nothing but its query.
    pub fn new(method: &str, path: &str) -> Self {
        let case = NEXT_CASE.fetch_add(1, Ordering::Relaxed);
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: format!("case={case:06}"),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A webhook without any signature.
    pub fn unsigned(body: impl AsRef<[u8]>) -> Self {
        Self::new("POST", GUARDED_PATH).header("content-type", "application/json").body(body)
    }

    /// A webhook as Junction sends it, signed now with [`SECRET`].
    pub fn signed(body: impl AsRef<[u8]>) -> Self {
        Self::signed_with(SECRET, ID, now(), body)
    }

    /// Likewise, signed by another secret, for another event, at this Unix time in seconds.
    pub fn signed_with(secret: &str, id: &str, timestamp: i64, body: impl AsRef<[u8]>) -> Self {
        let signature = sign(secret, id, timestamp, body.as_ref());
        Self::unsigned(body)
            .header("svix-id", id)
            .header("svix-timestamp", &timestamp.to_string())
            .header("svix-signature", &signature)
    }

    /// Adds a header; one of the same name stays.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces every header of that name.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.without(name).header(name, value)
    }

    /// Takes away every header of that name.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Replaces the method.
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// Replaces the path; the query stays.
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Replaces the body; a signature stays that of the other.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Path and query.
    pub fn target(&self) -> String {
        format!("{}?{}", self.path, self.query)
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of the final answer.
    pub status: u16,
    /// Name in lower case and value, in the order of the answer.
    pub headers: Vec<(String, String)>,
    /// Without any framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// The only header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} came twice");
        value
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, which must be JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON: {error}: {}", self.text()))
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A Standard Webhooks signature by implementations that share no code with the filter.
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    if std::str::from_utf8(body).is_ok() {
        let signer = standardwebhooks::Webhook::new(secret).unwrap();
        return signer.sign(id, timestamp, body).unwrap();
    }
    // That crate signs text only.
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mut mac = hmac_sha256::HMAC::new(key);
    mac.update(format!("{id}.{timestamp}."));
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize()))
}

/// A plain HMAC-SHA256 of the body in hex, likewise by another implementation.
pub fn sign_plain(secret: &str, body: &str) -> String {
    let mac = hmac_sha256::HMAC::mac(body, secret);
    mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
