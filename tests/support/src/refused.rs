//! Requests whose signatures are not in order, each for causes that are known.
//!
//! `tests/data/explain/make.py` signs them, by Python's own HMAC.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// One request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub name: String,
    /// What must be found, by the names for scripts.
    causes: BTreeSet<String>,
    /// The reason's label.
    pub reason: String,
    pub config: Value,
    pub environment: BTreeMap<String, String>,
    /// Variables with other endpoints' secrets.
    pub also_env: Vec<String>,
    pub headers: Vec<(String, String)>,
    body_base64: String,
}

impl Refused {
    /// All of them.
    pub fn all() -> Vec<Self> {
        #[derive(Deserialize)]
        struct File {
            cases: Vec<Refused>,
        }
        let text = fs::read(crate::root().join("tests/data/explain/causes.json")).unwrap();
        let File { cases } = serde_json::from_slice(&text).unwrap();
        assert!(cases.len() >= 80, "{}", cases.len());
        cases
    }

    pub fn body(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.body_base64).unwrap()
    }

    pub fn causes(&self) -> BTreeSet<&str> {
        self.causes.iter().map(String::as_str).collect()
    }
}

/// The causes that are told, of `explain --json`.
pub fn causes(told: &Value) -> BTreeSet<&str> {
    told["causes"].as_array().unwrap().iter().map(|cause| cause.as_str().unwrap()).collect()
}
