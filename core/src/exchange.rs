//! One request as a state machine: what the filter does with each part of it as it arrives.
//!
//! Owns the order of the checks. It is pure: the host hands in headers, chunks and the time, and
//! carries out the [`Outcome`]. Nothing of a guarded request goes on before its verdict.
//! Specification: the contract, sections 2 and 6.

use std::borrow::Cow;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

mod head;
mod outcome;

pub use self::outcome::{Action, Forward, OTHER_EVENT, Outcome, Report, Verdict};

use self::head::{VERDICT, check_head, forward, forward_head, value_of, withheld};
use crate::config::{Config, Mode, Unusable};
use crate::document::{self, Data, Document, Event};
use crate::duplicates::{Endpoint, Fingerprint, Memory};
use crate::event::time;
use crate::event::{Envelope, normalise};
use crate::reject::{Answer, Reason, Rejection};
use crate::signature::{Pending, Verified};

/// A header, its name in lower case; pseudo-headers are among them.
pub type Header = (String, Vec<u8>);

/// What one plugin does, whether its configuration is usable or not.
pub type Plugin = Result<Config, Unusable>;

/// One request on its way through the filter.
#[derive(Debug)]
pub struct Exchange {
    plugin: Arc<Plugin>,
    phase: Phase,
    /// The head went on before the verdict, and can no longer be changed.
    is_head_gone: bool,
    /// What the upstream has taken, where that is remembered.
    memory: Option<Rc<Memory>>,
    /// The event that went to the upstream and is remembered once that takes it.
    awaited: Option<Fingerprint>,
}

#[derive(Debug)]
enum Phase {
    /// The head has not been seen.
    Head,
    /// The head is in order and held back; the body is being collected.
    Body(Box<Reading>),
    /// The request goes on: it is not guarded, or has its verdict.
    Released,
    /// The filter has answered.
    Answered,
}

#[derive(Debug)]
struct Reading {
    pending: Pending,
    /// How many bytes of the body the MAC has taken. The body itself stays with the host, which
    /// bounds what all requests together may hold: a module that runs out of memory is lost with
    /// every request in it.
    received: usize,
    /// Headers to remove before the request is forwarded.
    withheld: Vec<String>,
    /// The event id as claimed, for the log.
    claimed_id: Option<String>,
    /// Where it goes, where repeats are remembered.
    endpoint: Option<Endpoint>,
    /// When the head arrived, since the Unix epoch.
    received_at: Duration,
}

/// What is known of a request that is refused, for its report.
#[derive(Debug, Default)]
struct Known {
    event_id: Option<String>,
    body_bytes: usize,
    signature_age: Option<Duration>,
}

impl Exchange {
    /// Starts with nothing seen of the request.
    #[must_use]
    pub const fn new(plugin: Arc<Plugin>) -> Self {
        Self { plugin, phase: Phase::Head, is_head_gone: false, memory: None, awaited: None }
    }

    /// Answers repeats of what this memory holds, and lets it hold what the upstream takes.
    #[must_use]
    pub fn with_memory(self, memory: Option<Rc<Memory>>) -> Self {
        Self { memory, ..self }
    }

    /// Takes the request's head at `now`, counted from the Unix epoch.
    pub fn on_head(&mut self, headers: &[Header], end_of_stream: bool, now: Duration) -> Outcome {
        let plugin = Arc::clone(&self.plugin);
        let route = match &*plugin {
            Ok(config) => &config.route,
            Err(unusable) => &unusable.route,
        };
        if !route.guards(value_of(headers, ":path").unwrap_or_default()) {
            self.phase = Phase::Released;
            return Outcome::Unguarded;
        }
        let Ok(config) = &*plugin else {
            return self.refuse(Mode::Enforce, &Reason::Configuration.into(), Known::default());
        };
        let claimed_id = config.verifier.claimed_id(headers).map(str::to_owned);
        match check_head(config, headers, now) {
            Ok(pending) => {
                self.is_head_gone = !config.hold_headers && !end_of_stream;
                let outcome = if self.is_head_gone {
                    Outcome::PassHead(forward_head(
                        config,
                        headers,
                        &pending,
                        claimed_id.as_deref(),
                    ))
                } else {
                    Outcome::Wait
                };
                self.phase = Phase::Body(Box::new(Reading {
                    pending,
                    received: 0,
                    withheld: withheld(config, headers),
                    claimed_id,
                    endpoint: self.memory.as_ref().map(|memory| {
                        memory.endpoint(value_of(headers, ":authority").unwrap_or_default())
                    }),
                    received_at: now,
                }));
                if end_of_stream { self.finish(Some(Vec::new()), |_, _| None) } else { outcome }
            }
            Err(rejection) => {
                let known = Known { event_id: claimed_id, ..Known::default() };
                self.refuse(config.mode, &rejection, known)
            }
        }
    }

    /// Takes what has arrived of the body, which is `size` bytes by now; `read` gives a part of it
    /// by start and length, or none where the host cannot.
    pub fn on_body(
        &mut self,
        size: usize,
        end_of_stream: bool,
        read: impl Fn(usize, usize) -> Option<Vec<u8>>,
    ) -> Outcome {
        let reading = match &mut self.phase {
            Phase::Body(reading) => reading,
            Phase::Released => return Outcome::Continue,
            Phase::Answered => return Outcome::Wait,
            Phase::Head => return self.fail(),
        };
        let Ok(config) = &*self.plugin else { return self.fail() };
        if size > config.max_body_bytes {
            let event_id = reading.claimed_id.take();
            let known = Known { event_id, body_bytes: size, signature_age: None };
            let mode = config.mode;
            return self.refuse(mode, &Reason::BodySize.into(), known);
        }
        let start = reading.received;
        let length = size.saturating_sub(start);
        reading.received = start.saturating_add(length);
        let mut chunk = Vec::new();
        // Envoy may call twice at one size.
        if length > 0 {
            match read(start, length).filter(|chunk| chunk.len() == length) {
                Some(read) => chunk = read,
                None => return self.fail(),
            }
            reading.pending.update(&chunk);
        }
        if end_of_stream { self.finish((start == 0).then_some(chunk), read) } else { Outcome::Wait }
    }

    /// Takes the end of a request that ends with trailers; `read` as for [`Self::on_body`].
    pub fn on_end(&mut self, read: impl Fn(usize, usize) -> Option<Vec<u8>>) -> Outcome {
        self.finish(None, read)
    }

    /// The end of the request, however it came; `body` is the whole of it where that is at hand.
    fn finish(
        &mut self,
        body: Option<Vec<u8>>,
        read: impl Fn(usize, usize) -> Option<Vec<u8>>,
    ) -> Outcome {
        match mem::replace(&mut self.phase, Phase::Answered) {
            Phase::Body(reading) => {
                let plugin = Arc::clone(&self.plugin);
                let Ok(config) = &*plugin else { return self.fail() };
                let length = reading.received;
                let empty = (length == 0).then(Vec::new);
                self.judge(config, *reading, || body.or(empty).or_else(|| read(0, length)))
            }
            Phase::Released => {
                self.phase = Phase::Released;
                Outcome::Continue
            }
            Phase::Answered => Outcome::Wait,
            Phase::Head => self.fail(),
        }
    }

    /// Whether the head has gone on to a filter that must hold it back until the verdict.
    #[must_use]
    pub const fn relies_on_buffer(&self) -> bool {
        self.is_head_gone && self.is_undecided()
    }

    /// Takes the news that nobody holds the head back: the upstream has it. That is a mistake in
    /// Envoy's configuration, and refused as one, so that it cannot go unnoticed.
    pub fn on_leak(&mut self) -> Outcome {
        let Phase::Body(reading) = mem::replace(&mut self.phase, Phase::Answered) else {
            return self.fail();
        };
        let mode = self.plugin.as_ref().as_ref().map_or(Mode::Enforce, |config| config.mode);
        let body_bytes = reading.received;
        let known = Known { event_id: reading.claimed_id, body_bytes, signature_age: None };
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
    pub fn is_starved(&self) -> bool {
        match &self.phase {
            Phase::Body(reading) => !self.is_head_gone && reading.received == 0,
            Phase::Head | Phase::Released | Phase::Answered => false,
        }
    }

    /// Whether the event that went to the upstream is remembered once that takes it.
    #[must_use]
    pub const fn awaits_answer(&self) -> bool {
        self.awaited.is_some()
    }

    /// Takes the news that the upstream took the event, at `now` since the Unix epoch.
    pub fn on_taken(&mut self, now: Duration) {
        if let (Some(memory), Some(event)) = (&self.memory, self.awaited.take()) {
            memory.remember(&event, now);
        }
    }

    /// Whether this is a repeat of what the upstream has taken.
    fn is_known(&self, event: Option<&Fingerprint>, now: Duration) -> bool {
        let known = self.memory.as_ref().zip(event);
        known.is_some_and(|(memory, event)| memory.knows(event, now))
    }

    /// The whole request is there: checks 8 to 11; `body` is asked for once it is verified.
    fn judge(
        &mut self,
        config: &Config,
        reading: Reading,
        body: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Outcome {
        let is_head_held = !self.is_head_gone;
        let Reading { pending, received: body_bytes, withheld, claimed_id, endpoint, received_at } =
            reading;
        let verified = match pending.finish() {
            Ok(verified) => verified,
            Err(error) => {
                let known = Known { event_id: claimed_id, body_bytes, signature_age: None };
                return self.refuse(config.mode, &error.into(), known);
            }
        };
        let signature_age = verified.sent_at.map(|sent_at| sent_at.age(received_at));
        // The host's buffer only grows while the request is held back, so these are the bytes that
        // the MAC has taken.
        let Some(body) = body().filter(|body| body.len() == body_bytes) else {
            return self.fail();
        };
        let report = |verdict, event_type, marker_count| Report {
            verdict,
            reason: None,
            event_id: Some(verified.event_id.clone()),
            event_type: Some(event_type),
            marker_count,
            body_bytes,
            signature_age,
        };
        match document::read(&body, config.rules) {
            Ok(Document::Event(event)) => {
                let event_type = event.event_type.as_str();
                let fingerprint = endpoint.map(|endpoint| endpoint.event(&verified));
                if self.is_known(fingerprint.as_ref(), received_at) {
                    let report = report(Verdict::Repeated, event_type, 0);
                    let answer = || Action::Answer(Answer::ignored(event_type));
                    return self.accept(config.mode, report, answer);
                }
                self.awaited = fingerprint;
                let marker_count = match &event.data {
                    Data::LabResult(result) => result.markers.as_ref().map_or(0, Vec::len),
                    Data::Order(_) => 0,
                };
                let report = report(Verdict::Forwarded, event_type, marker_count);
                self.accept(config.mode, report, || {
                    let body = normalised(&event, &verified, body_bytes);
                    Action::Forward(if is_head_held {
                        forward(&event, &verified, withheld, body)
                    } else {
                        Forward { body: Some(body), ..Forward::default() }
                    })
                })
            }
            Ok(Document::Unknown { event_type }) => {
                let report = report(Verdict::Acknowledged, OTHER_EVENT, 0);
                let event_type = event_type.as_str();
                self.accept(config.mode, report, || Action::Answer(Answer::ignored(event_type)))
            }
            Err(error) => {
                let event_id = Some(verified.event_id);
                let known = Known { event_id, body_bytes, signature_age };
                self.refuse(config.mode, &error.into(), known)
            }
        }
    }

    fn accept(&mut self, mode: Mode, report: Report, action: impl FnOnce() -> Action) -> Outcome {
        match mode {
            Mode::Enforce => {
                let action = action();
                self.phase = match action {
                    Action::Answer(_) => Phase::Answered,
                    Action::Forward(_) => Phase::Released,
                };
                Outcome::Decided(report, action)
            }
            Mode::Shadow => self.shadow(report, "accept".into()),
        }
    }

    fn refuse(&mut self, mode: Mode, rejection: &Rejection, known: Known) -> Outcome {
        let Known { event_id, body_bytes, signature_age } = known;
        let report = Report {
            verdict: Verdict::Rejected,
            reason: Some(rejection.reason()),
            event_id,
            event_type: None,
            marker_count: 0,
            body_bytes,
            signature_age,
        };
        match mode {
            Mode::Enforce => {
                self.phase = Phase::Answered;
                Outcome::Decided(report, Action::Answer(rejection.answer()))
            }
            Mode::Shadow => {
                self.shadow(report, format!("reject;{}", rejection.reason().label()).into())
            }
        }
    }

    /// Lets the request go on as it came, with the verdict beside it.
    fn shadow(&mut self, report: Report, verdict: Cow<'static, str>) -> Outcome {
        let set = if self.is_head_gone { Vec::new() } else { vec![(VERDICT, verdict)] };
        self.phase = Phase::Released;
        let forward = Forward { set, ..Forward::default() };
        let report = Report { verdict: Verdict::Shadowed, ..report };
        Outcome::Decided(report, Action::Forward(forward))
    }

    /// A state that should be impossible: never a forward.
    fn fail(&mut self) -> Outcome {
        self.refuse(Mode::Enforce, &Reason::Internal.into(), Known::default())
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
