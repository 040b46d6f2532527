//! What each check compared, for people: facts about the request beside what it is held against.
//!
//! Decides nothing. Shows no secret, no signature and nothing of a body.

use std::time::Duration;

use junction_webhook::{
    config::{Config, Guarded},
    exchange::Action,
    http::values_of,
    report::Verdict,
    route::Route,
    signature::{SchemeName, svix},
};
use serde::Deserialize;

use super::{
    Explanation,
    capture::Capture,
    clock,
    judgement::{Check, Judgement, State},
    text::{count, shown},
};

/// What a check that was asked compared.
pub(crate) fn of(check: Check, explanation: &Explanation<'_>) -> String {
    let Explanation { capture, plugin, judgement, .. } = *explanation;
    let state = judgement.state(check);
    if state == State::NotReached {
        return match (check, judgement) {
            (Check::Forward, Judgement::Decided { report, .. })
                if matches!(report.verdict, Verdict::Acknowledged(_)) =>
            {
                "the event is of another type than the documented ones: answered, not forwarded"
                    .to_owned()
            }
            _ => String::new(),
        };
    }
    let config = plugin.as_ref().ok();
    match check {
        Check::Guarded => guarded(explanation),
        Check::Configuration => match plugin {
            Ok(config) => match config.verifier.lacking(&capture.head()) {
                Some(scheme) => format!("{} has no usable secret", scheme.as_str()),
                None => "usable".to_owned(),
            },
            Err(unusable) => match explanation.line {
                Some(line) => format!("line {line}: {}", unusable.error),
                None => unusable.error.to_string(),
            },
        },
        Check::Method => values(capture, ":method", "none"),
        Check::ContentEncoding => values(capture, "content-encoding", "not sent"),
        Check::ContentType => values(capture, "content-type", "not sent"),
        Check::DeclaredLength => {
            let declared = values(capture, "content-length", "not declared");
            format!("{declared}; at most {}", most_bytes(config))
        }
        Check::SignatureHeaders => {
            config.map_or_else(String::new, |config| signature_headers(explanation, config))
        }
        Check::BodyLength => {
            let length = count(capture.body.len(), "byte");
            format!("{length}; at most {}", most_bytes(config))
        }
        Check::Signature => signature(explanation, state),
        Check::Json if state == State::Passed => "valid".to_owned(),
        Check::Schema if state == State::Passed => event_type(judgement),
        Check::Json | Check::Schema => answered_message(explanation.enforced.unwrap_or(judgement)),
        Check::Forward => forwarded(judgement),
    }
}

/// The path that is guarded, for people.
pub(crate) fn guarded_path(explanation: &Explanation<'_>) -> String {
    match explanation.plugin {
        Ok(config) => shown(config.route.path().as_bytes()),
        Err(unusable) => match &unusable.guarded {
            Guarded::Path(route) => shown(route.path().as_bytes()),
            Guarded::Everything => Route::DEFAULT.to_owned(),
        },
    }
}

/// The digits of the timestamp that Svix's scheme reads.
pub(crate) fn svix_timestamp(capture: &Capture) -> Option<&[u8]> {
    let [_, svix, _, _, standard, _] = svix::HEADERS;
    [svix, standard].into_iter().find_map(|name| capture.value(name))
}

fn guarded(explanation: &Explanation<'_>) -> String {
    // A query may name a patient.
    let target = explanation.capture.value(":path").unwrap_or_default();
    let path = target.split(|byte| b"?#".contains(byte)).next().unwrap_or_default();
    let path = shown(path);
    match explanation.plugin {
        Err(unusable) if unusable.guarded == Guarded::Everything => {
            format!("{path}; the configuration does not say which path was meant, so all are")
        }
        _ => format!("{path}; guarded is {}", guarded_path(explanation)),
    }
}

fn values(capture: &Capture, name: &str, none: &str) -> String {
    let all: Vec<_> = capture.values(name).map(shown).collect();
    if all.is_empty() { none.to_owned() } else { all.join(" and ") }
}

fn most_bytes(config: Option<&Config>) -> String {
    config.map_or_else(String::new, |config| count(config.max_body_bytes, "byte"))
}

fn signature_headers(explanation: &Explanation<'_>, config: &Config) -> String {
    let head = explanation.capture.head();
    let scheme = config.verifier.deciding(&head);
    let plain = config.verifier.plain_headers();
    let mut facts = Vec::new();
    for name in svix::HEADERS.into_iter().chain(plain) {
        match values_of(&head, name).count() {
            0 => {}
            1 => facts.push(name.to_owned()),
            more => facts.push(format!("{name} {more} times")),
        }
    }
    if facts.is_empty() {
        facts.push("none of the filter's signature headers".to_owned());
    }
    let (own, other): (Vec<_>, Vec<_>) = svix::HEADERS
        .into_iter()
        .filter(|name| values_of(&head, name).next().is_some())
        .partition(|name| name.starts_with("svix-"));
    let missing = match (own.len(), other.len()) {
        (1 | 2, 0) => missing_of("svix-", &own),
        (0, 1 | 2) => missing_of("webhook-", &other),
        _ => None,
    };
    facts.extend(missing);
    if !own.is_empty() && !other.is_empty() {
        facts.push("both sets of names, of which there must be one".to_owned());
    }
    match scheme {
        None if own.is_empty() && other.is_empty() => {
            facts.push("svix alone has a secret".to_owned());
        }
        None => facts.push("svix has no secret".to_owned()),
        Some(scheme) => {
            facts.push(format!("{} decides", scheme.as_str()));
            facts.extend(id_form(explanation.capture, scheme));
            facts.extend(age(explanation, config, scheme));
        }
    }
    facts.join(", ")
}

fn missing_of(prefix: &str, present: &[&str]) -> Option<String> {
    let names = svix::HEADERS.into_iter().filter(|name| name.starts_with(prefix));
    let missing: Vec<_> = names.filter(|name| !present.contains(name)).collect();
    (!missing.is_empty()).then(|| format!("without {}", missing.join(" and ")))
}

/// What is wrong about an id, if anything is.
fn id_form(capture: &Capture, scheme: SchemeName) -> Option<String> {
    let [svix, _, _, standard, ..] = svix::HEADERS;
    let id = [svix, standard].into_iter().find_map(|name| capture.value(name))?;
    if scheme != SchemeName::Svix {
        return None;
    }
    if id.is_empty() || id.len() > 256 {
        return Some(format!("an id of {}, of 1 to 256", count(id.len(), "character")));
    }
    if id.contains(&b'.') {
        return Some("a full stop in the id".to_owned());
    }
    let is_visible = id.iter().all(u8::is_ascii_graphic);
    (!is_visible).then(|| "other characters than visible ASCII in the id".to_owned())
}

fn age(explanation: &Explanation<'_>, config: &Config, scheme: SchemeName) -> Option<String> {
    let digits = match scheme {
        SchemeName::Svix => svix_timestamp(explanation.capture)?,
        SchemeName::Hmac => {
            let mut plain = config.verifier.plain_headers();
            let value = plain.find_map(|name| explanation.capture.value(name))?;
            let Some(timed) = value.strip_prefix(b"t=") else {
                return Some("no time is signed".to_owned());
            };
            timed.split(|byte| *byte == b',').next()?
        }
    };
    let number: Option<u64> = str::from_utf8(digits).ok().and_then(|text| text.parse().ok());
    // As the contract has it, section 3.
    let is_plain = digits.iter().all(u8::is_ascii_digit) && !digits.starts_with(b"0");
    let Some(number) = number.filter(|_| is_plain) else {
        return Some(format!(
            "timestamp {} is not whole seconds since 1970, in digits alone",
            shown(digits)
        ));
    };
    let sent = if scheme == SchemeName::Hmac && digits.len() == 13 {
        Duration::from_millis(number)
    } else {
        Duration::from_secs(number)
    };
    let now = explanation.clock.now;
    if scheme == SchemeName::Svix
        && let (Some(unit), Some(sent)) = (clock::unit(digits), clock::plausible(digits))
    {
        let digits = shown(digits);
        return Some(format!(
            "timestamp {digits} is read in seconds, and would be {} in {unit}",
            clock::show(sent)
        ));
    }
    let distance = sent.abs_diff(now).as_secs();
    let side = if sent > now { "ahead" } else { "old" };
    let tolerance = config.verifier.tolerance(scheme).as_secs();
    Some(format!("signed {}, {distance} s {side}; at most {tolerance} s", clock::show(sent)))
}

fn signature(explanation: &Explanation<'_>, state: State) -> String {
    match (state, explanation.search, explanation.judgement) {
        (State::Passed, _, Judgement::Decided { report, .. }) => {
            let id = report.event_id.as_deref().unwrap_or_default();
            format!("one matches, which proves the event id {}", shown(id.as_bytes()))
        }
        (_, Some(search), _) => match search.compared {
            0 => "none of the request's signatures has 32 bytes".to_owned(),
            compared => format!("{} compared, none matches", count(compared, "signature")),
        },
        _ => String::new(),
    }
}

fn event_type(judgement: &Judgement) -> String {
    let Judgement::Decided { report, .. } = judgement else { return String::new() };
    let event_type = report.event_type.map_or("valid", |event_type| event_type.as_str());
    match report.marker_count {
        0 => event_type.to_owned(),
        markers => format!("{event_type}, {}", count(markers, "marker")),
    }
}

/// The message of the answer, which has no value of the request.
fn answered_message(judgement: &Judgement) -> String {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    let Judgement::Decided { report, action: Action::Answer(answer), .. } = judgement else {
        return String::new();
    };
    let body: Option<Body> = serde_json::from_str(&answer.body).ok();
    body.map_or_else(|| report.verdict.reason_label().to_owned(), |body| body.message)
}

fn forwarded(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Decided { action: Action::Forward(forward), .. } => match &forward.body {
            Some(body) => format!("junction.event.v1 of {}", count(body.len(), "byte")),
            None => "shadow mode: the request goes on as it came".to_owned(),
        },
        _ => String::new(),
    }
}
