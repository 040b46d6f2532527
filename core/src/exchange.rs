//! One request as a state machine: what the filter does with each part of it as it arrives.
//!
//! Owns the order of the checks. It is pure: the host hands in headers, lengths, the whole body and
//! the time, and carries out the [`Outcome`]. Nothing of a guarded request goes on before its
//! verdict.
//! Specification: `docs/contract.md`, sections 2 and 6.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

mod head;
mod outcome;
mod phase;
mod verdict;

pub use self::outcome::{Action, Forward, Outcome};

use self::head::{check_head, forward_head, is_imitation, refused_head, withheld};
use self::phase::{Head, Held, Known, Phase};
use crate::config::{Config, Mode, Unusable};
use crate::http::{Header, value_of};
use crate::reject::{Answer, Reason, Rejection};
use crate::repeats::{Destination, Endpoint, Repeats};
use crate::report::{Report, Verdict};
use crate::route::Target;

/// What one plugin does, whether its configuration is usable or not.
pub type Plugin = Result<Config, Unusable>;

/// One request on its way through the filter.
#[derive(Debug)]
pub struct Exchange {
    plugin: Arc<Plugin>,
    /// What the upstream has taken, where that is remembered.
    repeats: Option<Arc<dyn Repeats>>,
    phase: Phase,
    /// The event id as claimed, for the log.
    claimed_id: Option<String>,
    /// How many bytes of the body are there. They stay with the host until all are, which bounds
    /// what all requests together may hold: a module that runs out of memory is lost with every
    /// request in it, and a forged body that never ends costs it nothing.
    received: usize,
}

impl Exchange {
    /// Starts with nothing seen of the request. Where `repeats` is given, repeats of what it knows
    /// are answered, and it comes to know what the upstream takes.
    #[must_use]
    pub const fn new(plugin: Arc<Plugin>, repeats: Option<Arc<dyn Repeats>>) -> Self {
        Self { plugin, repeats, phase: Phase::Head, claimed_id: None, received: 0 }
    }

    /// Takes the request's head at `now`, counted from the Unix epoch.
    pub fn on_head(&mut self, headers: &[Header], end_of_stream: bool, now: Duration) -> Outcome {
        let plugin = Arc::clone(&self.plugin);
        let target = value_of(headers, ":path").unwrap_or_default();
        let config = match &*plugin {
            Ok(config) => config,
            Err(unusable) if unusable.guarded.covers(target) => {
                return self.refuse(Mode::Enforce, &Reason::Configuration.into(), Known::default());
            }
            Err(_) => return self.release(),
        };
        let claimed_id = || config.verifier.claimed_id(headers).map(str::to_owned);
        let refused = |event_id| {
            let head = refused_head(config, headers);
            Known { event_id, head, ..Known::default() }
        };
        match config.route.classify(target) {
            Target::Unguarded => return self.release(),
            Target::Guarded | Target::TooLong if config.verifier.lacking(headers).is_some() => {
                let known = refused(claimed_id());
                return self.refuse(config.mode, &Reason::Configuration.into(), known);
            }
            Target::TooLong => {
                return self.refuse(config.mode, &Reason::Path.into(), refused(None));
            }
            Target::Guarded => {}
        }
        self.claimed_id = claimed_id();
        let pending = match check_head(config, headers, now) {
            Ok(pending) => pending,
            Err(rejection) => {
                let known = refused(self.claimed_id.take());
                return self.refuse(config.mode, &rejection, known);
            }
        };
        let (head, outcome) = if config.hold_headers || end_of_stream {
            let withheld = withheld(config, headers, pending.scheme());
            (Head::Held { withheld }, Outcome::Wait)
        } else {
            let forward = forward_head(config, headers, &pending, self.claimed_id.as_deref());
            (Head::Passed, Outcome::PassHead(forward))
        };
        let endpoint = self.repeats.as_ref().map(|_| {
            Endpoint::new([":scheme", ":authority", ":path"].map(|name| value_of(headers, name)))
        });
        let request = Held { pending, head, endpoint, received_at: now };
        if end_of_stream {
            self.judge(config, request, Some(b""))
        } else {
            self.phase = Phase::Body(Box::new(request));
            outcome
        }
    }

    fn release(&mut self) -> Outcome {
        self.phase = Phase::Unguarded;
        Outcome::Unguarded
    }

    /// Takes the news that the host cannot read the request's head, or cannot change it.
    pub fn on_no_head(&mut self) -> Outcome {
        self.fail()
    }

    /// Takes the news that `size` bytes of the body are there by now.
    pub fn on_body(&mut self, size: usize) -> Outcome {
        let held = match &mut self.phase {
            Phase::Body(held) => held,
            Phase::Unguarded | Phase::Forwarded { .. } | Phase::Shadowed => {
                return Outcome::Continue;
            }
            Phase::Answered => return Outcome::Wait,
            Phase::Head => return self.fail(),
        };
        let Ok(config) = &*self.plugin else { return self.fail() };
        self.received = size;
        if size > config.max_body_bytes {
            let (mode, place) = (config.mode, mem::take(&mut held.head));
            let known = Known { head: place, ..self.known() };
            return self.refuse(mode, &Reason::BodySize.into(), known);
        }
        Outcome::Wait
    }

    /// Takes the end of the request, however it came; `body` is all of it, or none where the host
    /// cannot read it. It is asked for only while [`Self::awaited_body`] says so.
    pub fn on_end(&mut self, body: Option<&[u8]>) -> Outcome {
        match mem::replace(&mut self.phase, Phase::Answered) {
            Phase::Body(held) => {
                let plugin = Arc::clone(&self.plugin);
                let Ok(config) = &*plugin else { return self.fail() };
                self.judge(config, *held, body)
            }
            released @ (Phase::Unguarded | Phase::Forwarded { .. } | Phase::Shadowed) => {
                self.phase = released;
                Outcome::Continue
            }
            Phase::Answered => Outcome::Wait,
            Phase::Head => self.fail(),
        }
    }

    /// How many bytes of body the end of the request needs; none where it needs no body.
    #[must_use]
    pub const fn awaited_body(&self) -> Option<usize> {
        match &self.phase {
            Phase::Body(_) => Some(self.received),
            Phase::Head
            | Phase::Unguarded
            | Phase::Forwarded { .. }
            | Phase::Shadowed
            | Phase::Answered => None,
        }
    }

    /// Whether the end of the request needs to know its destination.
    #[must_use]
    pub const fn awaits_destination(&self) -> bool {
        matches!(&self.phase, Phase::Body(held) if held.endpoint.is_some())
    }

    /// Takes where the host is about to send the request, before its end. The same event to another
    /// destination is another delivery.
    pub fn on_destination(&mut self, destination: &Destination) {
        if let Phase::Body(held) = &mut self.phase {
            held.endpoint = held.endpoint.take().map(|endpoint| endpoint.at(destination));
        }
    }

    /// Whether some of the request's trailers may end here, whatever else becomes of them.
    #[must_use]
    pub const fn screens_trailers(&self) -> bool {
        matches!(self.phase, Phase::Shadowed)
    }

    /// Those of the trailers with these names that end here: what could be taken for the verdict
    /// beside a request that goes on as it came.
    #[must_use]
    pub fn withheld_trailers(&self, mut names: Vec<String>) -> Vec<String> {
        names.retain(|name| self.screens_trailers() && is_imitation(name));
        names
    }

    /// Takes the news that the host has no room for the event in the place of what was sent; what
    /// there is to report in the place of `report`, and to answer.
    #[must_use]
    pub fn on_no_room(&mut self, report: Report) -> (Report, Answer) {
        self.take_back(report, Reason::BodySize)
    }

    /// Takes the news that the host could not change the request that was to go on; likewise.
    #[must_use]
    pub fn on_no_change(&mut self, report: Report) -> (Report, Answer) {
        self.take_back(report, Reason::Internal)
    }

    /// Refuses what was to go on.
    fn take_back(&mut self, report: Report, reason: Reason) -> (Report, Answer) {
        self.phase = Phase::Answered;
        let verdict = Verdict::Rejected(reason);
        let report = Report { verdict, event_type: None, marker_count: 0, ..report };
        (report, Rejection::from(reason).answer())
    }

    /// Takes the news that something panicked while the request was in hand; what there is to
    /// report, and to answer where that is still to be done. Nothing of the request goes on from
    /// here.
    #[must_use]
    pub fn on_panic(&mut self) -> (Report, Answer) {
        self.phase = Phase::Answered;
        let verdict = Verdict::Rejected(Reason::Internal);
        (self.known().report(verdict), Rejection::from(Reason::Internal).answer())
    }

    /// Whether the head has gone on to a filter that must hold it back until the verdict.
    #[must_use]
    pub const fn relies_on_buffer(&self) -> bool {
        matches!(&self.phase, Phase::Body(held) if matches!(held.head, Head::Passed))
    }

    /// Takes the news that nobody holds the head back: the upstream has it. That is a mistake in
    /// Envoy's configuration, and refused as one, so that it cannot go unnoticed.
    pub fn on_leak(&mut self) -> Outcome {
        let Phase::Body(held) = mem::replace(&mut self.phase, Phase::Answered) else {
            return self.fail();
        };
        let mode = self.plugin.as_ref().as_ref().map_or(Mode::Enforce, |config| config.mode);
        let known = Known { head: held.head, ..self.known() };
        self.refuse(mode, &Reason::Configuration.into(), known)
    }

    /// Whether the request's head was in order and its verdict never came: so where the sender goes
    /// away, and where the host leaves out the callbacks that bring the body's end.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self.phase, Phase::Body(_))
    }

    /// Whether the filter has answered.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        matches!(self.phase, Phase::Answered)
    }

    /// Whether the request, now at its end, was held back and none of its body ever came, although
    /// its head was in order: so does a sender that goes away, and so does every request where the
    /// host takes holding the head back for holding back everything.
    #[must_use]
    pub const fn is_starved(&self) -> bool {
        self.received == 0
            && matches!(&self.phase, Phase::Body(held) if matches!(held.head, Head::Held { .. }))
    }

    /// Whether the event that went to the upstream is remembered once that takes it.
    #[must_use]
    pub const fn awaits_answer(&self) -> bool {
        matches!(self.phase, Phase::Forwarded { awaited: Some(_) })
    }

    /// Takes the news that the upstream took the event, at `now` since the Unix epoch.
    pub fn on_taken(&mut self, now: Duration) {
        if let (Some(repeats), Phase::Forwarded { awaited }) = (&self.repeats, &mut self.phase)
            && let Some(event) = awaited.take()
        {
            repeats.remember(&event, now);
        }
    }

    /// What is known of a request that nobody has proven.
    fn known(&mut self) -> Known {
        let (event_id, body_bytes) = (self.claimed_id.take(), self.received);
        Known { event_id, body_bytes, ..Known::default() }
    }
}
