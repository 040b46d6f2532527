//! What a host must do, so that every host does the same.
//!
//! A [`Host`] is a handful of calls in the words of its ABI. [`Worker`] and [`Request`] make them:
//! they own the order of report, action and log line, the warnings about a host that is set up
//! wrong, and the time that is measured. They decide nothing about a request: that is
//! [`Exchange`](crate::exchange::Exchange)'s. Specification: `docs/contract.md`, sections 2 and 8.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod request;

pub use self::request::Request;

use crate::config::{Delivery, Draft, Guarded, Mode, News};
use crate::exchange::{Forward, Plugin};
use crate::log_budget::LogBudget;
use crate::metrics::Series;
use crate::reject::Answer;
use crate::repeats::{Destination, Repeats};

/// The calls of a host that serve one worker and the request in hand.
pub trait Host {
    /// The time since the Unix epoch; a clock before it counts as the epoch.
    fn now(&self) -> Duration;

    /// The first `length` bytes of the body; none where the host cannot give them.
    fn body(&self, length: usize) -> Option<Vec<u8>>;

    /// Whether an upstream has been asked for, so that the head is out of reach. Where the host
    /// cannot tell, it is not.
    fn is_head_gone(&self) -> bool;

    /// The present value of a secret that the host delivers, by the place of its subscription; none
    /// where there is none, and always where the host delivers none.
    fn secret(&self, place: usize) -> Option<&[u8]> {
        let _ = place;
        None
    }

    /// Where the host is about to send the request.
    fn destination(&self) -> Destination;

    /// The names of the request's trailers, in lower case; none where the host cannot tell.
    fn trailer_names(&self) -> Option<Vec<String>>;

    /// The [`upstream_status`], asked at the request's end.
    fn upstream_status(&self) -> Option<u16>;

    /// Adds to a counter. A metric that fails is no reason to fail a request.
    fn add(&self, counter: Series, count: usize);

    /// Sets a gauge, or adds a sample to a histogram.
    fn record(&self, series: Series, value: u64);

    /// Sets the filter state that the access log reads.
    fn set_filter_state(&self, key: &'static str, value: &str);

    /// Writes a warning to the log.
    fn warn(&self, line: &str);

    /// Writes an error to the log.
    fn error(&self, line: &str);

    /// What to do about a warning, in the words of the host's own configuration.
    fn remedy(&self, warning: Warning) -> &'static str;

    /// Answers the request; the upstream never sees it.
    fn answer(&self, answer: &Answer);

    /// Changes the request that is to go on, and says what came of that.
    fn change(&self, forward: &Forward) -> Change;

    /// Drops the request's trailers.
    fn drop_trailers(&self);

    /// Drops those of the request's trailers that have these names.
    fn remove_trailers(&self, names: &[String]);
}

/// The status of an answer that is the upstream's own, and whole, from what Envoy knows of it at
/// its end: its status, and the details of the response code. Envoy's own answers have other
/// details, and so does one that broke off.
#[must_use]
pub fn upstream_status(status: u64, details: &[u8]) -> Option<u16> {
    if details == b"via_upstream" { u16::try_from(status).ok() } else { None }
}

/// What came of a change to a request. An event may be far longer than the body that it replaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// It is made, so that the request can go on.
    #[default]
    Made,
    /// The host has no room for the event, and waits for an answer.
    NoRoom,
    /// The host has no room for the event, and has by itself answered that the request is too long.
    Refused,
    /// The host could not make it, and waits for an answer.
    Failed,
}

/// What becomes of the part of a request that a host has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It is held back, or goes nowhere.
    Hold,
}

/// A sign that the host is set up wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A guarded request went on without a verdict.
    Unverified,
    /// A request was held back, and none of its body ever came.
    Starved,
    /// A head that went on is held back by nobody.
    Leaked,
}

impl Warning {
    const fn text(self) -> &'static str {
        match self {
            Self::Unverified => "a webhook went on unverified: ",
            Self::Starved => "a webhook ended before any of its body came: where all do, ",
            Self::Leaked => {
                "hold_headers is false, and nothing behind this filter holds heads back: "
            }
        }
    }
}

/// One plugin: what its requests share, on one worker or on all of them.
#[derive(Debug)]
pub struct Worker {
    /// As it is where no secret is delivered, else as it was at the start.
    plugin: Arc<Plugin>,
    /// The plugin as delivered secrets make it, where any is.
    delivery: Option<Mutex<Delivery>>,
    repeats: Option<Arc<dyn Repeats>>,
    log_budget: Mutex<LogBudget>,
    /// Some request's body has come, so holding heads back does not hold bodies back as well.
    is_body_seen: AtomicBool,
}

impl Worker {
    /// Starts with a plugin as configured, and says how that went.
    pub fn start(plugin: Plugin, repeats: Option<Arc<dyn Repeats>>, host: &impl Host) -> Self {
        match &plugin {
            Ok(config) => config.warnings().for_each(|warning| host.warn(warning)),
            Err(unusable) => host.error(&unusable.to_string()),
        }
        gauge(&plugin, host);
        Self::with(Arc::new(plugin), None, repeats)
    }

    /// Starts with a configuration that may have secrets which `host` delivers. One that has not
    /// come is none to tell of yet.
    pub fn start_delivered(
        draft: Draft,
        repeats: Option<Arc<dyn Repeats>>,
        host: &impl Host,
    ) -> Self {
        draft.warnings().for_each(|warning| host.warn(warning));
        let mut delivery = Delivery::new(draft);
        delivery.update(|place| host.secret(place));
        tell_news(delivery.news(true), host);
        gauge(delivery.plugin(), host);
        let plugin = Arc::clone(delivery.plugin());
        let delivery = (!delivery.draft().subscriptions().is_empty()).then(|| Mutex::new(delivery));
        Self::with(plugin, delivery, repeats)
    }

    fn with(
        plugin: Arc<Plugin>,
        delivery: Option<Mutex<Delivery>>,
        repeats: Option<Arc<dyn Repeats>>,
    ) -> Self {
        let (log_budget, is_body_seen) = (Mutex::default(), AtomicBool::default());
        Self { plugin, delivery, repeats, log_budget, is_body_seen }
    }

    /// The plugin with the secrets that are there now, where any is delivered; tells of what has
    /// changed.
    ///
    /// Envoy brings a new secret to one worker after the other. While they differ, each request
    /// still has a secret that Envoy gave it; the gauges end as the last one has them.
    fn delivered(&self, may_come: bool, host: &impl Host) -> Option<Arc<Plugin>> {
        let delivery = self.delivery.as_ref()?;
        // Whatever a panic left of it is what had come by then.
        let mut delivery = delivery.lock().unwrap_or_else(PoisonError::into_inner);
        delivery.update(|place| host.secret(place));
        // Not only where it has changed: the gauges are shared, and a listener that drains, or one
        // that never came to serve, may have set them since.
        gauge(delivery.plugin(), host);
        tell_news(delivery.news(may_come), host);
        Some(Arc::clone(delivery.plugin()))
    }

    /// Sets the gauges once more, for a host that could not when the worker started.
    pub fn gauge(&self, host: &impl Host) {
        gauge(&self.plugin, host);
    }

    /// Looks at the secrets that are delivered, where no request does. One that is not there may
    /// still come.
    pub fn look(&self, host: &impl Host) {
        drop(self.delivered(true, host));
    }

    /// Says how many lines were held back, if any; to be called about once a second.
    pub fn tick(&self, host: &impl Host) {
        let held_back = self.with_log_budget(LogBudget::flush);
        warn_of_held_back(held_back, host);
    }

    fn with_log_budget<T>(&self, ask: impl FnOnce(&mut LogBudget) -> T) -> T {
        // Whatever a panic left of it is a budget.
        ask(&mut self.log_budget.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a warning if there is room for a line.
    fn warn(&self, line: &str, host: &impl Host) {
        if self.may_log(host) {
            host.warn(line);
        }
    }

    /// Writes an error if there is room for a line.
    fn error(&self, line: &str, host: &impl Host) {
        if self.may_log(host) {
            host.error(line);
        }
    }

    /// Whether there is room for a line, which is then taken; says first what was held back before.
    fn may_log(&self, host: &impl Host) -> bool {
        let now = host.now();
        let taken = self.with_log_budget(|budget| budget.take(now));
        if let Some(held_back) = taken {
            warn_of_held_back(held_back, host);
        }
        taken.is_some()
    }

    fn warn_of(&self, warning: Warning, host: &impl Host) {
        self.warn(&[warning.text(), host.remedy(warning)].concat(), host);
    }
}

/// Says by gauges how a plugin is configured. A scheme that waits for its only secret refuses all
/// that it signs, so that is not in order, whatever the other one does.
fn gauge(plugin: &Plugin, host: &impl Host) {
    let (is_ok, is_shadow, guards_everything) = match plugin {
        Ok(config) => (config.verifier.is_complete(), config.mode == Mode::Shadow, false),
        Err(unusable) => (false, false, unusable.guarded == Guarded::Everything),
    };
    host.record(Series::ConfigOk, u64::from(is_ok));
    host.record(Series::GuardsEverything, u64::from(guards_everything));
    host.record(Series::Shadow, u64::from(is_shadow));
}

fn tell_news(news: Vec<News>, host: &impl Host) {
    for news in news {
        match news {
            News::Bad(line) => host.error(&line),
            News::Good(line) => host.warn(&line),
        }
    }
}

fn warn_of_held_back(lines: u64, host: &impl Host) {
    if lines > 0 {
        host.warn(&format!("{lines} lines about rejected webhooks held back"));
    }
}
