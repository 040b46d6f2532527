//! One request as a state machine: what the filter does with each part of it as it arrives.
//!
//! Owns the order of the checks. It is pure: the host hands in headers, chunks and the time, and
//! carries out the [`Outcome`]. Nothing of a guarded request goes on before its verdict.
//! Specification: the contract, sections 2 and 6.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Mode, Unusable};
use crate::document::{self, Data, Document, Event};
use crate::normal::event::{Envelope, normalise};
use crate::normal::time;
use crate::reject::{Answer, Reason, Rejection};
use crate::signature::{Pending, Verified};

/// A header, its name in lower case; pseudo-headers are among them.
pub type Header = (String, Vec<u8>);

/// What one plugin does, whether its configuration is usable or not.
pub type Plugin = Result<Config, Unusable>;

/// The header that tells the upstream a verdict in shadow mode; senders cannot set it.
const VERDICT: &str = "x-junction-verdict";
/// The headers that the filter alone sets on a forwarded request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const EVENT_TYPE: &str = "x-junction-event-type";
const VERIFIED_BY: &str = "x-junction-verified-by";
const CONTENT_LENGTH: &str = "content-length";
const JSON: (&str, Cow<'static, str>) = ("content-type", Cow::Borrowed("application/json"));

/// The label of an event that is acknowledged without being of a documented type.
pub const OTHER_EVENT: &str = "other";

/// One request on its way through the filter.
#[derive(Debug)]
pub struct Exchange {
    plugin: Arc<Plugin>,
    phase: Phase,
    /// The head went on before the verdict, and can no longer be changed.
    is_head_gone: bool,
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
    body: Vec<u8>,
    /// Headers to remove before the request is forwarded.
    withheld: Vec<String>,
    /// The event id as claimed, for the log.
    claimed_id: Option<String>,
}

/// What the host does next.
#[derive(Debug)]
pub enum Outcome {
    /// Let this part of the request go on as it is.
    Continue,
    /// Hold everything back and wait for more.
    Wait,
    /// Let the head go on with these changes, to a filter that holds it back, and hold the body.
    PassHead(Forward),
    /// The request is not guarded: let all of it go on.
    Unguarded,
    /// There is a verdict: report it, then act on it.
    Decided(Report, Action),
}

/// A verdict, for metrics, access log and log: nothing that is secret or a patient's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What becomes of the request.
    pub verdict: Verdict,
    /// Why it is refused, or would be.
    pub reason: Option<Reason>,
    /// The event id: proven where `reason` is none, else only claimed.
    pub event_id: Option<String>,
    /// The event's type, or [`OTHER_EVENT`], of an accepted or acknowledged event.
    pub event_type: Option<&'static str>,
    /// How many markers an accepted event has.
    pub marker_count: usize,
    /// How many bytes of body were received before the verdict.
    pub body_bytes: usize,
}

impl Report {
    /// The reason's name, or `none`.
    #[must_use]
    pub fn reason_label(&self) -> &'static str {
        self.reason.map_or("none", Reason::label)
    }
}

/// What becomes of a guarded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The normalised event goes to the upstream.
    Forwarded,
    /// The filter answers with a refusal.
    Rejected,
    /// The filter answers that the event is of no interest.
    Acknowledged,
    /// The original request goes to the upstream, whatever the verdict.
    Shadowed,
}

impl Verdict {
    /// The name in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Rejected => "rejected",
            Self::Acknowledged => "acknowledged",
            Self::Shadowed => "shadowed",
        }
    }
}

/// What the host carries out for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer the request; the upstream never sees it.
    Answer(Answer),
    /// Let the request go on, changed.
    Forward(Forward),
}

/// The changes to a request that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// Headers to remove, all that are present and end here.
    pub remove: Vec<String>,
    /// Headers to set, in place of any by that name.
    pub set: Vec<(&'static str, Cow<'static, str>)>,
    /// The body in place of the sender's, and no trailers; none leaves both as they are.
    pub body: Option<Vec<u8>>,
}

impl Exchange {
    /// Starts with nothing seen of the request.
    #[must_use]
    pub const fn new(plugin: Arc<Plugin>) -> Self {
        Self { plugin, phase: Phase::Head, is_head_gone: false }
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
            return self.refuse(Mode::Enforce, &Reason::Configuration.into(), None, 0);
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
                let (body, withheld) = (Vec::new(), withheld(config, headers));
                self.phase = Phase::Body(Box::new(Reading { pending, body, withheld, claimed_id }));
                if end_of_stream { self.on_end() } else { outcome }
            }
            Err(rejection) => self.refuse(config.mode, &rejection, claimed_id, 0),
        }
    }

    /// Takes what has arrived of the body, which is `size` bytes by now; `read` gives a part of it
    /// by start and length, or none where the host cannot.
    pub fn on_body(
        &mut self,
        size: usize,
        end_of_stream: bool,
        read: impl FnOnce(usize, usize) -> Option<Vec<u8>>,
    ) -> Outcome {
        let reading = match &mut self.phase {
            Phase::Body(reading) => reading,
            Phase::Released => return Outcome::Continue,
            Phase::Answered => return Outcome::Wait,
            Phase::Head => return self.fail(),
        };
        let Ok(config) = &*self.plugin else { return self.fail() };
        if size > config.max_body_bytes {
            let (mode, claimed_id) = (config.mode, reading.claimed_id.take());
            return self.refuse(mode, &Reason::BodySize.into(), claimed_id, size);
        }
        let received = reading.body.len();
        let length = size.saturating_sub(received);
        // Envoy may call twice at one size.
        if length > 0 {
            let Some(chunk) = read(received, length).filter(|chunk| chunk.len() == length) else {
                return self.fail();
            };
            reading.pending.update(&chunk);
            if reading.body.is_empty() {
                reading.body = chunk;
            } else {
                reading.body.extend_from_slice(&chunk);
            }
        }
        if end_of_stream { self.on_end() } else { Outcome::Wait }
    }

    /// Takes the end of the request: the others call it where the end came with the head or the
    /// body, the host where it comes with trailers.
    pub fn on_end(&mut self) -> Outcome {
        match mem::replace(&mut self.phase, Phase::Answered) {
            Phase::Body(reading) => {
                let plugin = Arc::clone(&self.plugin);
                let Ok(config) = &*plugin else { return self.fail() };
                self.judge(config, *reading)
            }
            Phase::Released => {
                self.phase = Phase::Released;
                Outcome::Continue
            }
            Phase::Answered => Outcome::Wait,
            Phase::Head => self.fail(),
        }
    }

    /// The whole request is there: checks 8 to 11.
    fn judge(&mut self, config: &Config, reading: Reading) -> Outcome {
        let is_head_held = !self.is_head_gone;
        let Reading { pending, body, withheld, claimed_id } = reading;
        let verified = match pending.finish() {
            Ok(verified) => verified,
            Err(error) => {
                return self.refuse(config.mode, &error.into(), claimed_id, body.len());
            }
        };
        match document::read(&body, config.rules) {
            Ok(Document::Event(event)) => {
                let report = Report {
                    verdict: Verdict::Forwarded,
                    reason: None,
                    event_id: Some(verified.event_id.clone()),
                    event_type: Some(event.event_type.as_str()),
                    marker_count: match &event.data {
                        Data::LabResult(result) => result.markers.as_ref().map_or(0, Vec::len),
                        Data::Order(_) => 0,
                    },
                    body_bytes: body.len(),
                };
                self.accept(config.mode, report, || {
                    let body = normalised(&event, &verified, body.len());
                    Action::Forward(if is_head_held {
                        forward(&event, &verified, withheld, body)
                    } else {
                        Forward { body: Some(body), ..Forward::default() }
                    })
                })
            }
            Ok(Document::Unknown { event_type }) => {
                let report = Report {
                    verdict: Verdict::Acknowledged,
                    reason: None,
                    event_id: Some(verified.event_id),
                    event_type: Some(OTHER_EVENT),
                    marker_count: 0,
                    body_bytes: body.len(),
                };
                let event_type = event_type.as_str();
                self.accept(config.mode, report, || Action::Answer(Answer::ignored(event_type)))
            }
            Err(error) => {
                self.refuse(config.mode, &error.into(), Some(verified.event_id), body.len())
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

    fn refuse(
        &mut self,
        mode: Mode,
        rejection: &Rejection,
        event_id: Option<String>,
        body_bytes: usize,
    ) -> Outcome {
        let report = Report {
            verdict: Verdict::Rejected,
            reason: Some(rejection.reason()),
            event_id,
            event_type: None,
            marker_count: 0,
            body_bytes,
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
        self.refuse(Mode::Enforce, &Reason::Internal.into(), None, 0)
    }
}

/// Checks 2 to 6, which need the head alone.
fn check_head(config: &Config, headers: &[Header], now: Duration) -> Result<Pending, Rejection> {
    if value_of(headers, ":method") != Some(b"POST") {
        return Err(Reason::Method.into());
    }
    if !values_of(headers, "content-encoding").all(is_identity) {
        return Err(Reason::ContentEncoding.into());
    }
    if !values_of(headers, "content-type").all(is_json) {
        return Err(Reason::ContentType.into());
    }
    if values_of(headers, "content-length").any(|length| exceeds(length, config.max_body_bytes)) {
        return Err(Reason::BodySize.into());
    }
    Ok(config.verifier.begin(headers, now)?)
}

/// Whether a `content-encoding` leaves the body as it is (RFC 9110, section 8.4).
fn is_identity(value: &[u8]) -> bool {
    let mut codings = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// Whether a `content-type` is `application/json` or `*/*+json` (RFC 6839, section 3.1).
fn is_json(value: &[u8]) -> bool {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let mut parts = essence.split(|&byte| byte == b'/');
    let (Some(kind), Some(subtype), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let prefix =
        subtype.len().checked_sub(b"+json".len()).and_then(|at| subtype.split_at_checked(at));
    let has_suffix = prefix
        .is_some_and(|(prefix, suffix)| is_token(prefix) && suffix.eq_ignore_ascii_case(b"+json"));
    let is_plain =
        kind.eq_ignore_ascii_case(b"application") && subtype.eq_ignore_ascii_case(b"json");
    is_plain || (is_token(kind) && has_suffix)
}

/// Whether a declared length is above the bound; one that is no number is left to Envoy, and the
/// bound is checked again as the body arrives.
fn exceeds(declared: &[u8], max_bytes: usize) -> bool {
    let is_number = !declared.is_empty() && declared.iter().all(u8::is_ascii_digit);
    let declared = str::from_utf8(declared).ok().and_then(|digits| digits.parse::<usize>().ok());
    is_number && declared.is_none_or(|declared| declared > max_bytes)
}

/// A token (RFC 9110, section 5.6.2).
fn is_token(text: &[u8]) -> bool {
    let is_token_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_token_byte)
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

/// The request that goes on in place of a verified and valid one.
fn forward(event: &Event<'_>, verified: &Verified, remove: Vec<String>, body: Vec<u8>) -> Forward {
    let set = vec![
        JSON,
        (CONTENT_LENGTH, body.len().to_string().into()),
        (IDEMPOTENCY_KEY, verified.event_id.clone().into()),
        (EVENT_TYPE, event.event_type.as_str().into()),
        (VERIFIED_BY, verified.scheme.as_str().into()),
    ];
    Forward { remove, set, body: Some(body) }
}

/// What can be changed of a head that this filter does not hold back: what is known before the
/// body is. Envoy's `buffer` filter, which holds it, adds the `content-length`.
fn forward_head(
    config: &Config,
    headers: &[Header],
    pending: &Pending,
    claimed_id: Option<&str>,
) -> Forward {
    if config.mode == Mode::Shadow {
        return Forward { remove: vec![VERDICT.to_owned()], ..Forward::default() };
    }
    let mut remove = withheld(config, headers);
    remove.extend([CONTENT_LENGTH, IDEMPOTENCY_KEY, EVENT_TYPE].map(str::to_owned));
    let mut set = vec![JSON, (VERIFIED_BY, pending.scheme().as_str().into())];
    set.extend(claimed_id.map(|id| (IDEMPOTENCY_KEY, id.to_owned().into())));
    Forward { remove, set, body: None }
}

/// The headers of a request that end here.
fn withheld(config: &Config, headers: &[Header]) -> Vec<String> {
    let names = headers.iter().map(|(name, _)| name);
    names.filter(|name| config.verifier.withholds(name) || *name == VERDICT).cloned().collect()
}

fn value_of<'h>(headers: &'h [Header], name: &str) -> Option<&'h [u8]> {
    values_of(headers, name).next()
}

fn values_of<'h>(headers: &'h [Header], name: &str) -> impl Iterator<Item = &'h [u8]> {
    headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_slice())
}
