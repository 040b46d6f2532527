//! The verdict on a request, and what becomes of it.

use std::borrow::Cow;
use std::mem;
use std::time::Duration;

use super::Exchange;
use super::head::{VERDICT, forward};
use super::outcome::{Action, Forward, Outcome};
use super::phase::{Head, Held, Known, Phase};
use crate::config::{Config, Mode};
use crate::document::{self, Data, Document, Event, EventName};
use crate::event::{Envelope, normalise, time};
use crate::reject::{Answer, Reason, Rejection};
use crate::repeats::Fingerprint;
use crate::report::{Acknowledged, EventLabel, Verdict};
use crate::signature::Verified;

impl Exchange {
    /// The whole request is there: checks 8 to 11.
    pub(super) fn judge(&mut self, config: &Config, held: Held, body: Option<&[u8]>) -> Outcome {
        let Held { mut pending, head, endpoint, received_at } = held;
        let body_bytes = self.received;
        // The host's buffer only grows while the request is held back: these are all its bytes.
        let Some(body) = body.filter(|body| body.len() == body_bytes) else {
            return self.fail();
        };
        pending.update(body);
        let verified = match pending.finish() {
            Ok(verified) => verified,
            Err(error) => {
                let known = Known { head, ..self.known() };
                return self.refuse(config.mode, &error.into(), known);
            }
        };
        let mut known = Known {
            event_id: Some(verified.event_id.clone()),
            body_bytes,
            signature_age: verified.sent_at.map(|sent_at| sent_at.age(received_at)),
            head,
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
                self.phase = Phase::Forwarded { awaited: fingerprint };
                let body = normalised(&event, &verified, body_bytes);
                let forward = match mem::take(&mut known.head) {
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

    pub(super) fn refuse(&mut self, mode: Mode, rejection: &Rejection, known: Known) -> Outcome {
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
    fn shadow(&mut self, verdict: Result<(), Reason>, mut known: Known) -> Outcome {
        let text: Cow<'static, str> = match verdict {
            Ok(()) => "accept".into(),
            Err(reason) => format!("reject;{}", reason.label()).into(),
        };
        self.phase = Phase::Shadowed;
        let forward = match mem::take(&mut known.head) {
            Head::Held { withheld } => {
                Forward { remove: withheld, set: vec![(VERDICT, text)], body: None }
            }
            Head::Passed => Forward::default(),
        };
        Outcome::Decided(known.report(Verdict::Shadowed(verdict)), Action::Forward(forward))
    }

    /// A state that should be impossible: never a forward.
    pub(super) fn fail(&mut self) -> Outcome {
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
