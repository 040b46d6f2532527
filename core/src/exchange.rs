//! One request as a state machine: what the filter does with each part of it as it arrives.
//!
//! Owns the order of the checks. It is pure: the host hands in headers, lengths, the whole body and
//! the time, and carries out the [`Outcome`]. Nothing of a guarded request goes on before its
//! verdict.
//! Specification: `docs/contract.md`, sections 2 and 6.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

mod head;
mod outcome;

pub use self::outcome::{Action, Forward, Outcome};

use self::head::{VERDICT, check_head, forward, forward_head, withheld};
use crate::config::{Config, Mode, Unusable};
use crate::document::{self, Data, Document, Event, EventName};
use crate::event::{Envelope, normalise, time};
use crate::http::{Header, value_of};
use crate::reject::{Answer, Reason, Rejection};
use crate::repeats::{Endpoint, Fingerprint, Repeats};
use crate::report::{Acknowledged, EventLabel, Report, Verdict};
use crate::signature::{Pending, Verified};

/// What one plugin does, whether its configuration is usable or not.
pub type Plugin = Result<Config, Unusable>;

/// One request on its way through the filter.
#[derive(Debug)]
pub struct Exchange {
    plugin: Arc<Plugin>,
    /// What the upstream has taken, where that is remembered.
    repeats: Option<Arc<dyn Repeats>>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// The head has not been seen.
    Head,
    /// The head is in order; the body is on its way.
    Body(Box<Held>),
    /// The request goes on: it is not guarded, or has its verdict.
    Released {
        /// The event to remember once the upstream takes it.
        awaited: Option<Fingerprint>,
    },
    /// The filter has answered.
    Answered,
}

/// A request whose head is in order.
#[derive(Debug)]
struct Held {
    pending: Pending,
    /// How many bytes of the body are there. They stay with the host until all are, which bounds
    /// what all requests together may hold: a module that runs out of memory is lost with every
    /// request in it, and a forged body that never ends costs it nothing.
    received: usize,
    head: Head,
    /// The event id as claimed, for the log.
    claimed_id: Option<String>,
    /// Where it goes, where repeats are remembered.
    endpoint: Option<Endpoint>,
    /// When the head arrived, since the Unix epoch.
    received_at: Duration,
}

/// Where the head is while the body arrives.
#[derive(Debug)]
enum Head {
    /// The host holds it back, and removes these headers before it goes on.
    Held { withheld: Vec<String> },
    /// It went on, to a filter that holds it back, and can no longer be changed.
    Passed,
}

/// Whether the head of a request can still be changed.
#[derive(Clone, Copy, Debug, Default)]
enum Reach {
    #[default]
    Held,
    Passed,
}

impl Head {
    const fn reach(&self) -> Reach {
        match self {
            Self::Held { .. } => Reach::Held,
            Self::Passed => Reach::Passed,
        }
    }
}

/// What is known of a request when its verdict falls.
#[derive(Debug, Default)]
struct Known {
    event_id: Option<String>,
    event_type: Option<EventLabel>,
    marker_count: usize,
    body_bytes: usize,
    signature_age: Option<Duration>,
    reach: Reach,
}

impl Known {
    fn report(self, verdict: Verdict) -> Report {
        let Self { event_id, event_type, marker_count, body_bytes, signature_age, .. } = self;
        Report { verdict, event_id, event_type, marker_count, body_bytes, signature_age }
    }
}

impl Exchange {
    /// Starts with nothing seen of the request. Where `repeats` is given, repeats of what it knows
    /// are answered, and it comes to know what the upstream takes.
    #[must_use]
    pub const fn new(plugin: Arc<Plugin>, repeats: Option<Arc<dyn Repeats>>) -> Self {
        Self { plugin, repeats, phase: Phase::Head }
    }

    /// Takes the request's head at `now`, counted from the Unix epoch.
    pub fn on_head(&mut self, headers: &[Header], end_of_stream: bool, now: Duration) -> Outcome {
        let plugin = Arc::clone(&self.plugin);
        let route = match &*plugin {
            Ok(config) => &config.route,
            Err(unusable) => &unusable.route,
        };
        if !route.guards(value_of(headers, ":path").unwrap_or_default()) {
            self.phase = Phase::Released { awaited: None };
            return Outcome::Unguarded;
        }
        let Ok(config) = &*plugin else {
            return self.refuse(Mode::Enforce, &Reason::Configuration.into(), Known::default());
        };
        let claimed_id = config.verifier.claimed_id(headers).map(str::to_owned);
        let pending = match check_head(config, headers, now) {
            Ok(pending) => pending,
            Err(rejection) => {
                let known = Known { event_id: claimed_id, ..Known::default() };
                return self.refuse(config.mode, &rejection, known);
            }
        };
        let (head, outcome) = if config.hold_headers || end_of_stream {
            (Head::Held { withheld: withheld(config, headers) }, Outcome::Wait)
        } else {
            let forward = forward_head(config, headers, &pending, claimed_id.as_deref());
            (Head::Passed, Outcome::PassHead(forward))
        };
        let endpoint = self.repeats.as_ref().map(|_| {
            let host = value_of(headers, ":authority").unwrap_or_default();
            Endpoint::new(config.route.path(), host)
        });
        let request = Held { pending, received: 0, head, claimed_id, endpoint, received_at: now };
        if end_of_stream {
            self.judge(config, request, Some(b""))
        } else {
            self.phase = Phase::Body(Box::new(request));
            outcome
        }
    }

    /// Takes the news that the host cannot read the request's head.
    pub fn on_unreadable_head(&mut self) -> Outcome {
        self.fail()
    }

    /// Takes the news that `size` bytes of the body are there by now.
    pub fn on_body(&mut self, size: usize) -> Outcome {
        let held = match &mut self.phase {
            Phase::Body(held) => held,
            Phase::Released { .. } => return Outcome::Continue,
            Phase::Answered => return Outcome::Wait,
            Phase::Head => return self.fail(),
        };
        let Ok(config) = &*self.plugin else { return self.fail() };
        if size > config.max_body_bytes {
            let (event_id, reach) = (held.claimed_id.take(), held.head.reach());
            let known = Known { event_id, body_bytes: size, reach, ..Known::default() };
            let mode = config.mode;
            return self.refuse(mode, &Reason::BodySize.into(), known);
        }
        held.received = size;
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
            released @ Phase::Released { .. } => {
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
            Phase::Body(held) => Some(held.received),
            Phase::Head | Phase::Released { .. } | Phase::Answered => None,
        }
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
        let known = Known {
            event_id: held.claimed_id,
            body_bytes: held.received,
            reach: held.head.reach(),
            ..Known::default()
        };
        self.refuse(mode, &Reason::Configuration.into(), known)
    }

    /// Whether the request's head was in order and its verdict never came: so where the sender goes
    /// away, and where the host leaves out the callbacks that bring the body's end.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self.phase, Phase::Body(_))
    }

    /// Whether the request, now at its end, was held back and none of its body ever came, although
    /// its head was in order: so does a sender that goes away, and so does every request where the
    /// host takes holding the head back for holding back everything.
    #[must_use]
    pub const fn is_starved(&self) -> bool {
        matches!(&self.phase, Phase::Body(held) if held.received == 0
            && matches!(held.head, Head::Held { .. }))
    }

    /// Whether the event that went to the upstream is remembered once that takes it.
    #[must_use]
    pub const fn awaits_answer(&self) -> bool {
        matches!(self.phase, Phase::Released { awaited: Some(_) })
    }

    /// Takes the news that the upstream took the event, at `now` since the Unix epoch.
    pub fn on_taken(&mut self, now: Duration) {
        if let (Some(repeats), Phase::Released { awaited }) = (&self.repeats, &mut self.phase)
            && let Some(event) = awaited.take()
        {
            repeats.remember(&event, now);
        }
    }

    /// The whole request is there: checks 8 to 11.
    fn judge(&mut self, config: &Config, held: Held, body: Option<&[u8]>) -> Outcome {
        let Held { mut pending, received: body_bytes, head, claimed_id, endpoint, received_at } =
            held;
        let reach = head.reach();
        // The host's buffer only grows while the request is held back: these are all its bytes.
        let Some(body) = body.filter(|body| body.len() == body_bytes) else {
            return self.fail();
        };
        pending.update(body);
        let verified = match pending.finish() {
            Ok(verified) => verified,
            Err(error) => {
                let known = Known { event_id: claimed_id, body_bytes, reach, ..Known::default() };
                return self.refuse(config.mode, &error.into(), known);
            }
        };
        let mut known = Known {
            event_id: Some(verified.event_id.clone()),
            body_bytes,
            signature_age: verified.sent_at.map(|sent_at| sent_at.age(received_at)),
            reach,
            ..Known::default()
        };
        let document = match document::read(body, config.rules) {
            Ok(document) => document,
            Err(error) => return self.refuse(config.mode, &error.into(), known),
        };
        let event = match document {
            Document::Event(event) => event,
            Document::Unknown { event_type } => {
                known.event_type = Some(EventLabel::Other);
                return self.acknowledge(
                    config.mode,
                    Acknowledged::Ignored,
                    event_type.as_str(),
                    known,
                );
            }
        };
        known.event_type = Some(match event.event_type {
            EventName::Documented(event_type) => EventLabel::Documented(event_type),
            EventName::Other(_) => EventLabel::Other,
        });
        let fingerprint = endpoint.map(|endpoint| endpoint.event(&verified));
        if self.knows(fingerprint.as_ref(), received_at) {
            let event_type = event.event_type.as_str();
            return self.acknowledge(config.mode, Acknowledged::Repeat, event_type, known);
        }
        known.marker_count = marker_count(&event);
        match config.mode {
            Mode::Shadow => self.shadow(Ok(()), known),
            Mode::Enforce => {
                self.phase = Phase::Released { awaited: fingerprint };
                let body = normalised(&event, &verified, body_bytes);
                let forward = match head {
                    Head::Held { withheld } => forward(&event, &verified, withheld, body),
                    Head::Passed => Forward { body: Some(body), ..Forward::default() },
                };
                Outcome::Decided(known.report(Verdict::Forwarded), Action::Forward(forward))
            }
        }
    }

    /// Whether this is a repeat of what the upstream has taken.
    fn knows(&self, event: Option<&Fingerprint>, now: Duration) -> bool {
        let known = self.repeats.as_ref().zip(event);
        known.is_some_and(|(repeats, event)| repeats.knows(event, now))
    }

    /// Answers a proven event that does not go on.
    fn acknowledge(
        &mut self,
        mode: Mode,
        why: Acknowledged,
        event_type: &str,
        known: Known,
    ) -> Outcome {
        match mode {
            Mode::Enforce => {
                self.phase = Phase::Answered;
                let action = Action::Answer(Answer::ignored(event_type));
                Outcome::Decided(known.report(Verdict::Acknowledged(why)), action)
            }
            Mode::Shadow => self.shadow(Ok(()), known),
        }
    }

    fn refuse(&mut self, mode: Mode, rejection: &Rejection, known: Known) -> Outcome {
        let reason = rejection.reason();
        match mode {
            Mode::Enforce => {
                self.phase = Phase::Answered;
                let action = Action::Answer(rejection.answer());
                Outcome::Decided(known.report(Verdict::Rejected(reason)), action)
            }
            Mode::Shadow => self.shadow(Err(reason), known),
        }
    }

    /// Lets the request go on as it came, with the verdict beside it.
    fn shadow(&mut self, verdict: Result<(), Reason>, known: Known) -> Outcome {
        let text: Cow<'static, str> = match verdict {
            Ok(()) => "accept".into(),
            Err(reason) => format!("reject;{}", reason.label()).into(),
        };
        let set = match known.reach {
            Reach::Held => vec![(VERDICT, text)],
            Reach::Passed => Vec::new(),
        };
        self.phase = Phase::Released { awaited: None };
        let action = Action::Forward(Forward { set, ..Forward::default() });
        Outcome::Decided(known.report(Verdict::Shadowed(verdict)), action)
    }

    /// A state that should be impossible: never a forward.
    fn fail(&mut self) -> Outcome {
        self.refuse(Mode::Enforce, &Reason::Internal.into(), Known::default())
    }
}

fn marker_count(event: &Event<'_>) -> usize {
    match &event.data {
        Data::LabResult(result) => result.markers.as_ref().map_or(0, Vec::len),
        Data::Order(_) | Data::Other(_) => 0,
    }
}

/// The body that goes on in place of a verified and valid one.
fn normalised(event: &Event<'_>, verified: &Verified, sent_bytes: usize) -> Vec<u8> {
    let envelope = Envelope {
        event_id: &verified.event_id,
        verified_by: verified.scheme.as_str(),
        sent_at: verified.sent_at.and_then(|at| time::from_unix(at.seconds, at.milliseconds)),
    };
    // The fixed shape is wordier than most senders; a guess too low costs one more allocation.
    normalise(event, &envelope, sent_bytes.saturating_mul(2).saturating_add(1024))
}
