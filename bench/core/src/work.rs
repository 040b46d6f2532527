//! The parts of the filter's work on one request, each as a function of its own.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::config::Config;
use junction_webhook::document::{self, Document, Event, Rules};
use junction_webhook::event::{Envelope, normalise};
use junction_webhook::exchange::{Action, Exchange, Outcome, Plugin};
use junction_webhook::http::Header;
use junction_webhook::signature::Verified;

use crate::sample;

/// A signed request and the filter that it is for.
pub struct Work {
    plugin: Arc<Plugin>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    now: Duration,
}

/// Why a sample was not accepted; it always should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

impl Work {
    /// A good request with a body of about `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> Self {
        const TIMESTAMP: u64 = 1_790_000_000;
        let body = sample::lab_result(size).into_bytes();
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let headers = vec![
            header(":method", "POST"),
            header(":path", "/v1/webhooks/junction"),
            header(":scheme", "http"),
            header(":authority", "localhost"),
            header("content-type", "application/json"),
            header("content-length", &body.len().to_string()),
            header("svix-id", sample::MESSAGE_ID),
            header("svix-timestamp", &TIMESTAMP.to_string()),
            header("svix-signature", &sample::sign(&body, TIMESTAMP)),
        ];
        Self {
            plugin: Arc::new(plugin(sample::SECRET)),
            headers,
            body,
            now: Duration::from_secs(TIMESTAMP),
        }
    }

    fn headers(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
    }

    /// The exact size of the body, in bytes.
    #[must_use]
    pub const fn body_bytes(&self) -> usize {
        self.body.len()
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`Refused`] where the sample is not accepted.
    pub fn verify(&self) -> Result<Verified, Refused> {
        let config = self.plugin.as_ref().as_ref().map_err(|_| Refused)?;
        let begun = config.verifier.begin(&self.headers(), self.now);
        let mut pending = begun.map_err(|_| Refused)?;
        pending.update(&self.body);
        pending.finish().map_err(|_| Refused)
    }

    /// Parses and validates the body.
    ///
    /// # Errors
    /// [`Refused`] where the sample is not accepted.
    pub fn read(&self) -> Result<Event<'_>, Refused> {
        match document::read(&self.body, Rules::default()) {
            Ok(Document::Event(event)) => Ok(*event),
            _ => Err(Refused),
        }
    }

    /// Writes the normalised event of what [`Self::read`] read.
    #[must_use]
    pub fn normalise(&self, event: &Event<'_>) -> Vec<u8> {
        let envelope =
            Envelope { event_id: sample::MESSAGE_ID, verified_by: "svix", sent_at: None };
        normalise(event, &envelope, self.body.len().saturating_mul(2))
    }

    /// All that the filter does for the request, as Envoy drives it: head, one chunk, end.
    ///
    /// # Errors
    /// [`Refused`] where the sample is not accepted.
    pub fn whole(&self) -> Result<Vec<u8>, Refused> {
        let mut exchange = Exchange::new(Arc::clone(&self.plugin), None);
        exchange.on_head(&self.headers(), false, self.now);
        exchange.on_body(self.body.len());
        // The host hands the body over in memory of the module's own.
        match exchange.on_end(Some(&self.body.clone())) {
            Outcome::Decided(_, Action::Forward(forward)) => forward.body.ok_or(Refused),
            _ => Err(Refused),
        }
    }
}

/// The filter with its defaults and one Svix secret, and a tolerance of years.
///
/// # Errors
/// As [`Config::parse`], for a secret that cannot be used.
pub fn plugin(secret: &str) -> Plugin {
    Config::parse(CONFIGURATION.as_bytes(), |name| {
        (name == "JUNCTION_WEBHOOK_SECRET").then(|| secret.to_owned())
    })
}

/// The plugin's configuration wherever it is measured: a request is signed once and sent often.
pub const CONFIGURATION: &str = r#"{"svix": {
    "secrets": [{"env": "JUNCTION_WEBHOOK_SECRET"}],
    "tolerance_seconds": 100000000
}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_all_sizes_are_accepted() {
        for size in sample::SIZES {
            let work = Work::new(size);
            assert!(work.verify().is_ok(), "{size}");
            let event = work.read().unwrap();
            assert!(work.normalise(&event).len() > size, "{size}");
            assert!(work.whole().unwrap().len() > size, "{size}");
        }
    }
}
