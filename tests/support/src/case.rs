//! Cases as data: a request, how it is signed, and what must become of it.
//!
//! The files in `tests/data/cases` run against the library, with a literal clock, and through a
//! real Envoy. Tags are made by implementations that share no code with the filter.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::OwnedHeader;

/// The guarded path by default.
const GUARDED_PATH: &str = "/v1/webhooks/junction";

/// One file: a configuration, its environment, and cases under it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    #[serde(skip)]
    pub name: String,
    pub config: Value,
    pub environment: BTreeMap<String, String>,
    pub cases: Vec<Case>,
}

impl Suite {
    /// All files, by name.
    pub fn all() -> Vec<Self> {
        let directory = crate::root().join("tests/data/cases");
        let mut paths: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
            .iter()
            .map(|path| {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let suite = serde_json::from_str(&fs::read_to_string(path).unwrap());
                Self {
                    name: name.clone(),
                    ..suite.unwrap_or_else(|error| panic!("{name}: {error}"))
                }
            })
            .collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    #[serde(default = "post")]
    pub method: String,
    #[serde(default = "guarded_path")]
    pub path: String,
    #[serde(default)]
    body: Body,
    /// None sends no signature at all.
    sign: Option<Sign>,
    /// Headers in place of those that signing gave.
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// Headers beside those.
    #[serde(default)]
    add: Vec<(String, String)>,
    #[serde(default)]
    remove: Vec<String>,
    pub expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Text(String),
    Base64(String),
    /// A valid result of exactly so many bytes.
    ResultOfLength(usize),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(
            r#"{"event_type":"order.completed","data":{"order_id":"o-1","status":"done"}}"#.into(),
        )
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    scheme: Scheme,
    secret: String,
    #[serde(default = "event_id")]
    id: String,
    /// Seconds between signing and arrival.
    #[serde(default)]
    age: i64,
    /// What is signed, where it is not the body that is sent.
    body: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scheme {
    /// `svix-*` headers.
    Svix,
    /// `webhook-*` headers.
    Webhook,
    /// `x-signature`, the body alone, in hex.
    HmacHex,
    /// `x-signature`, `sha256=` and base64.
    HmacBase64,
    /// `x-signature`, `t=…,v1=…` in seconds.
    HmacTimed,
}

/// What must become of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// The filter answers, and the upstream sees nothing.
    Refused { status: u16, error: String, message: String, reason: String },
    /// The filter answers that the event is of no interest.
    Acknowledged { event_type: String },
    /// The upstream gets the normalised event, in which these pointers have these values.
    Forwarded { event_id: String, verified_by: String, event: BTreeMap<String, Value> },
    /// The upstream gets the request as it was sent, and this verdict.
    Shadowed { verdict: String },
    /// The upstream gets the request as it was sent.
    Unguarded,
}

impl Case {
    pub fn body(&self) -> Vec<u8> {
        match &self.body {
            Body::Text(text) => text.clone().into_bytes(),
            Body::Base64(text) => BASE64_STANDARD.decode(text).unwrap(),
            Body::ResultOfLength(length) => {
                let (start, end) =
                    (r#"{"event_type":"labtest.result.ready","data":{"status":""#, r#""}}"#);
                let frame = start.len().checked_add(end.len()).unwrap();
                let filler = "x".repeat(length.checked_sub(frame).unwrap());
                format!("{start}{filler}{end}").into_bytes()
            }
        }
    }

    /// The whole head of a request that arrives at `now`, in seconds since the Unix epoch, as a
    /// host hands it in: pseudo-headers first.
    pub fn head(&self, now: i64) -> Vec<OwnedHeader> {
        let pseudo = [(":method", &self.method), (":path", &self.path)];
        let pseudo = pseudo.map(|(name, value)| (name.to_owned(), value.clone()));
        let all = pseudo.into_iter().chain(self.headers(now));
        all.map(|(name, value)| (name, value.into_bytes())).collect()
    }

    /// The headers of a request that arrives at `now`, in seconds since the Unix epoch.
    pub fn headers(&self, now: i64) -> Vec<(String, String)> {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if let Some(sign) = &self.sign {
            headers.extend(sign.headers(&self.body(), now));
        }
        headers.retain(|(name, _)| !self.set.contains_key(name) && !self.remove.contains(name));
        headers.extend(self.set.clone());
        headers.extend(self.add.iter().cloned());
        headers
    }
}

impl Sign {
    fn headers(&self, sent: &[u8], now: i64) -> Vec<(String, String)> {
        let body = self.body.as_ref().map_or(sent, String::as_bytes);
        let at = now.checked_sub(self.age).unwrap();
        let triple = |prefix: &str| {
            let key = BASE64_STANDARD.decode(self.secret.trim_start_matches("whsec_")).unwrap();
            let tag = tag(&key, &[format!("{}.{at}.", self.id).as_bytes(), body]);
            vec![
                (format!("{prefix}-id"), self.id.clone()),
                (format!("{prefix}-timestamp"), at.to_string()),
                (format!("{prefix}-signature"), format!("v1,{}", BASE64_STANDARD.encode(tag))),
            ]
        };
        let plain = |value: String| vec![("x-signature".to_owned(), value)];
        let key = self.secret.as_bytes();
        match self.scheme {
            Scheme::Svix => triple("svix"),
            Scheme::Webhook => triple("webhook"),
            Scheme::HmacHex => plain(hex(&tag(key, &[body]))),
            Scheme::HmacBase64 => {
                plain(format!("sha256={}", BASE64_STANDARD.encode(tag(key, &[body]))))
            }
            Scheme::HmacTimed => {
                let tag = tag(key, &[format!("{at}.").as_bytes(), body]);
                plain(format!("t={at},v1={}", hex(&tag)))
            }
        }
    }
}

fn tag(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = hmac_sha256::HMAC::new(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn post() -> String {
    "POST".to_owned()
}

fn guarded_path() -> String {
    GUARDED_PATH.to_owned()
}

fn event_id() -> String {
    "msg_1".to_owned()
}
