//! The configured secrets as texts, to look for what makes a signature match.
//!
//! Their texts are never shown; a secret is called by its variable or its place.

use std::cell::RefCell;

use junction_webhook::{exchange::Plugin, signature::SchemeName};
use serde_json::Value;

use crate::plugin::Site;

/// A secret under its name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// The variable's name, or the secret's place in the configuration.
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
    /// The scheme that it is configured for; none where it is another endpoint's.
    pub(crate) scheme: Option<SchemeName>,
}

impl Secret {
    /// A secret that is another endpoint's.
    pub(crate) const fn other(name: String, text: Vec<u8>) -> Self {
        Self { name, text, scheme: None }
    }
}

/// Reads a configuration as the filter does, and keeps the texts of its secrets.
pub(crate) fn read(site: &Site<'_>) -> (Plugin, Vec<Secret>) {
    // The core asks for every variable by its name, the default ones too.
    let asked = RefCell::new(Vec::new());
    let plugin = site.plugin_with(|name| {
        asked.borrow_mut().push(name.to_owned());
        site.variable(name)
    });
    let variable = |name: &str| site.variable(name);
    let mut secrets = listed(&site.configuration.text, &variable);
    for name in asked.into_inner() {
        if !secrets.iter().any(|known| known.name == name) {
            secrets.extend(from_variable(&name, SchemeName::Svix, &variable));
        }
    }
    (plugin, secrets)
}

/// The secrets that the configuration's text lists, be it usable or not.
fn listed(configuration: &[u8], environment: &impl Fn(&str) -> Option<Vec<u8>>) -> Vec<Secret> {
    let configuration: Value = serde_json::from_slice(configuration).unwrap_or_default();
    let mut secrets = Vec::new();
    for scheme in [SchemeName::Svix, SchemeName::Hmac] {
        let section = scheme.as_str();
        let list = configuration.get(section).and_then(|section| section.get("secrets"));
        for (index, secret) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |field| secret.get(field).and_then(Value::as_str);
            if let Some(name) = text("env") {
                secrets.extend(from_variable(name, scheme, environment));
            } else if let Some(inline) = text("inline") {
                let name = format!("{section}.secrets[{index}]");
                let text = inline.as_bytes().to_vec();
                secrets.push(Secret { name, text, scheme: Some(scheme) });
            }
        }
    }
    secrets
}

fn from_variable(
    name: &str,
    scheme: SchemeName,
    environment: &impl Fn(&str) -> Option<Vec<u8>>,
) -> Option<Secret> {
    let text = environment(name).filter(|text| !text.is_empty())?;
    Some(Secret { name: name.to_owned(), text, scheme: Some(scheme) })
}
