//! The configured secrets as texts, to look for what makes a signature match.
//!
//! Their texts are never shown; a secret is called by its variable or its place.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use junction_webhook::{exchange::Plugin, signature::SchemeName};
use serde_json::Value;

use crate::plugin::Site;

/// A secret under its name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// The variable's name, or the secret's place in the configuration.
    pub(crate) name: String,
    pub(crate) text: Vec<u8>,
    /// The scheme that it is configured for; `None` where it is another endpoint's.
    pub(crate) scheme: Option<SchemeName>,
}

impl Secret {
    /// A secret that is another endpoint's.
    pub(crate) const fn other(name: String, text: Vec<u8>) -> Self {
        Self { name, text, scheme: None }
    }
}

/// Reads a configuration as the filter does, and keeps the texts of its secrets; `delivered` are
/// those that Envoy delivers, by their names.
pub(crate) fn read(
    site: &Site<'_>,
    delivered: &BTreeMap<String, Vec<u8>>,
) -> (Arc<Plugin>, Vec<Secret>) {
    // The core asks for every variable by its name, the default ones too.
    let asked = RefCell::new(Vec::new());
    let variable = |name: &str| {
        asked.borrow_mut().push(name.to_owned());
        site.variable(name)
    };
    let plugin = site.plugin_with_secrets(variable, |name| Some(delivered.get(name)?.as_slice()));
    let mut secrets = listed(site, delivered);
    for name in asked.into_inner() {
        if !secrets.iter().any(|known| known.name == name) {
            secrets.extend(from_variable(site, &name, SchemeName::Svix));
        }
    }
    (plugin, secrets)
}

/// The names of the secrets that Envoy delivers.
pub(crate) fn delivered_names(site: &Site<'_>) -> Vec<String> {
    let secrets = entries(site).into_iter();
    secrets.filter_map(|(.., secret)| Some(secret.get("sds")?.as_str()?.to_owned())).collect()
}

/// The secrets that the configuration's text lists, be it usable or not.
fn listed(site: &Site<'_>, delivered: &BTreeMap<String, Vec<u8>>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (scheme, index, secret) in entries(site) {
        let text = |field| secret.get(field).and_then(Value::as_str);
        if let Some(name) = text("env") {
            secrets.extend(from_variable(site, name, scheme));
        } else if let Some(inline) = text("inline") {
            let name = format!("{}.secrets[{index}]", scheme.as_str());
            let text = inline.as_bytes().to_vec();
            secrets.push(Secret { name, text, scheme: Some(scheme) });
        } else if let Some((name, text)) =
            text("sds").and_then(|name| delivered.get_key_value(name))
        {
            let (name, text) = (name.clone(), text.clone());
            secrets.push(Secret { name, text, scheme: Some(scheme) });
        }
    }
    secrets
}

/// The entries of both lists, with their places in these.
fn entries(site: &Site<'_>) -> Vec<(SchemeName, usize, Value)> {
    let configuration: Value = serde_json::from_slice(&site.configuration.text).unwrap_or_default();
    let lists = [SchemeName::Svix, SchemeName::Hmac].into_iter().flat_map(|scheme| {
        let section = configuration.get(scheme.as_str());
        let list = section.and_then(|section| section.get("secrets")).and_then(Value::as_array);
        let items = list.into_iter().flatten().enumerate();
        items.map(move |(index, secret)| (scheme, index, secret.clone()))
    });
    lists.collect()
}

fn from_variable(site: &Site<'_>, name: &str, scheme: SchemeName) -> Option<Secret> {
    let text = site.variable(name).filter(|text| !text.is_empty())?;
    Some(Secret { name: name.to_owned(), text, scheme: Some(scheme) })
}
