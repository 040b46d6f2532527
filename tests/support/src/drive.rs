//! Takes one request through an `Exchange` the way Envoy does, however it is cut into parts.

use std::sync::Arc;
use std::time::Duration;

use junction_webhook::exchange::{Action, Exchange, Outcome, Plugin};
use junction_webhook::reject::Reason;
use junction_webhook::report::{Report, Verdict};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{OwnedHeader, borrowed};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was not guarded, and went on.
    Unguarded,
    /// There was a verdict.
    Decided(Report, Action),
}

impl End {
    /// Without what depends on how the request was cut: a body that is too long is refused as soon
    /// as that is known, so after more or fewer bytes.
    pub fn comparable(mut self) -> Self {
        if let Self::Decided(report, _) = &mut self
            && report.verdict.reason() == Some(Reason::BodySize)
        {
            report.body_bytes = 0;
        }
        self
    }

    /// Panics unless this is an end that a request may have, `is_signed` or not.
    pub fn require_sound(&self, is_signed: bool) {
        let Self::Decided(report, action) = self else { return };
        assert_ne!(report.verdict.reason(), Some(Reason::Internal), "an impossible state");
        match (report.verdict, action) {
            (Verdict::Rejected(_), Action::Answer(answer)) => {
                let json: Value = serde_json::from_str(&answer.body).expect("an answer is JSON");
                let keys: Vec<_> = json.as_object().expect("an object").keys().collect();
                assert_eq!(keys, ["error", "message"]);
                assert!(answer.status >= 400, "{report:?}");
            }
            (Verdict::Acknowledged(_), Action::Answer(answer)) => {
                assert!(is_signed, "acknowledged without a signature");
                assert_eq!(answer.status, 200);
                serde_json::from_str::<IgnoredAny>(&answer.body).expect("an answer is JSON");
            }
            (Verdict::Forwarded, Action::Forward(forward)) => {
                assert!(is_signed, "forwarded without a signature");
                let body = forward.body.as_deref().expect("the body is replaced");
                serde_json::from_slice::<IgnoredAny>(body).expect("a normalised event is JSON");
                let set = |own: &str| forward.set.iter().find(|(name, _)| *name == own);
                let (_, length) = set("content-length").expect("the length is set");
                assert_eq!(*length, body.len().to_string());
                let (_, key) = set("idempotency-key").expect("the event id is set");
                assert_eq!(Some(key.as_ref()), report.event_id.as_deref());
            }
            (Verdict::Shadowed(_), Action::Forward(forward)) => {
                let imitates = |name: &String| name.replace('_', "-") == "x-junction-verdict";
                assert!(forward.body.is_none(), "{forward:?}");
                assert!(forward.remove.iter().all(imitates), "{forward:?}");
                let accepts = forward.set.iter().any(|(_, value)| value == "accept");
                assert!(!accepts || is_signed, "accepted without a signature");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// How the parts of a request arrive.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// How many bytes of the body are there at each call, in rising order; the rest comes last.
    pub sizes: Vec<usize>,
    /// The request ends with trailers, so that no part of the body is known to be the last.
    pub with_trailers: bool,
}

/// Plays Envoy: the head, then the body as it grows, then the end.
///
/// Panics where a part goes on before the verdict, where the verdict never comes, or where it
/// changes afterwards.
pub fn drive(
    plugin: &Arc<Plugin>,
    headers: &[OwnedHeader],
    body: &[u8],
    arrival: &Arrival,
    now: Duration,
) -> End {
    let mut exchange = Exchange::new(Arc::clone(plugin), None);
    let head_is_all = body.is_empty() && !arrival.with_trailers;
    let mut end = None;
    note(&mut end, exchange.on_head(&borrowed(headers), head_is_all, now));
    if !head_is_all {
        let sizes = arrival.sizes.iter().copied().filter(|size| *size < body.len());
        for size in sizes.chain([body.len()]) {
            note(&mut end, exchange.on_body(size));
        }
        note(&mut end, exchange.on_end(Some(body)));
    }
    end.unwrap_or_else(|| panic!("no verdict at the end of {headers:?}"))
}

fn note(end: &mut Option<End>, outcome: Outcome) {
    match (&*end, outcome) {
        (None, Outcome::Unguarded) => *end = Some(End::Unguarded),
        (None, Outcome::Decided(report, action)) => *end = Some(End::Decided(report, action)),
        (None | Some(End::Decided(_, Action::Answer(_))), Outcome::Wait)
        | (Some(End::Unguarded | End::Decided(_, Action::Forward(_))), Outcome::Continue) => {}
        (end, outcome) => panic!("{outcome:?} after {end:?}"),
    }
}
