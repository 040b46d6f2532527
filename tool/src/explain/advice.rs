//! What to do about a refusal, in one sentence.
//!
//! Never to make a check weaker: a refusal is the sender's to mend, or the secret's.

use junction_webhook::{
    reject::Reason,
    signature::{SchemeName, SignatureError},
};

use super::{
    Explanation,
    capture::Capture,
    cause::{Cause, HeadCause, Search, Untried, sentence},
    facts,
    judgement::Judgement,
};

/// Whether a search for what makes a signature match could say anything.
pub(crate) fn wants_search(judgement: &Judgement, capture: &Capture) -> bool {
    let is_of_signature =
        matches!(judgement.reason(), Some(Reason::Signature(_) | Reason::Configuration));
    is_of_signature && capture.missing.is_none()
}

/// The sentence, where there is anything to do.
pub(crate) fn of(explanation: &Explanation<'_>) -> Option<String> {
    let capture = explanation.capture;
    let fixed = |text: &str| Some(text.to_owned());
    let reason = match explanation.judgement {
        Judgement::Unguarded => {
            return Some(format!(
                "The filter lets this path through unverified: send webhooks to {}, or set path to \
                 the one that comes in.",
                facts::guarded_path(explanation)
            ));
        }
        Judgement::Undecided => {
            return fixed(
                "The head is in order, and the verdict needs the whole body: capture all of it.",
            );
        }
        Judgement::Decided { report, .. } => report.verdict.reason()?,
    };
    match reason {
        Reason::Configuration => Some(configuration(explanation)),
        Reason::Path => fixed("Send to the path itself: one with .. in it must be short."),
        Reason::Method => fixed("Send webhooks with POST."),
        Reason::ContentEncoding => fixed(
            "Send the body as it was signed, without compressing it: the signature is over the \
             bytes that arrive.",
        ),
        Reason::ContentType => fixed("Send content-type: application/json, or leave it out."),
        Reason::BodySize => fixed(
            "Send a shorter body: this is longer than max_body_bytes of this endpoint allows.",
        ),
        Reason::Signature(error) => {
            let Some(search) = explanation.search else {
                return Some(without_the_body(error, capture));
            };
            Some(match &search.found {
                Some(causes) if causes.is_empty() => as_it_is(error, capture),
                Some(causes) => beside(error, causes),
                None => nothing_found(error, search, explanation),
            })
        }
        Reason::Json => fixed("Send a body that is JSON in UTF-8: it was signed as it is."),
        Reason::Schema => fixed(
            "Send what the answer's message names in the way that the schema has it: the \
             signature is in order.",
        ),
        Reason::Internal => {
            fixed("This should be impossible: please report it, with this explanation.")
        }
    }
}

fn configuration(explanation: &Explanation<'_>) -> String {
    let found = explanation.search.and_then(|search| search.found.as_deref());
    if let Some(causes) = found.filter(|causes| !causes.is_empty()) {
        return sentence(causes);
    }
    match explanation.plugin {
        Err(unusable) => format!("Correct the configuration, {}.", unusable.error),
        Ok(config) => match config.verifier.lacking(&explanation.capture.head()) {
            Some(scheme) => format!(
                "See that Envoy delivers a usable secret of {}: none has come.",
                scheme.as_str()
            ),
            None => "Correct the configuration.".to_owned(),
        },
    }
}

fn is_in_seconds(capture: &Capture) -> bool {
    facts::svix_timestamp(capture).is_none_or(|digits| digits.len() < 13)
}

/// The head is refused for its signature, and nobody can tell whether that matches.
fn without_the_body(error: SignatureError, capture: &Capture) -> String {
    let head = match error {
        SignatureError::TimestampTooNew if !is_in_seconds(capture) => {
            "The timestamp is not in seconds: send and sign whole seconds since 1970"
        }
        SignatureError::TimestampTooNew => {
            "The signed time lies ahead: set the sender's clock, and this machine's"
        }
        SignatureError::TimestampTooOld => {
            "The signed time is past: find what held the request up, sign anew for each attempt, \
             and set both clocks"
        }
        SignatureError::Missing => {
            "A header of the signature is missing: let nothing between drop it"
        }
        SignatureError::Malformed
        | SignatureError::TimestampMalformed
        | SignatureError::Mismatch => "Mend the form of the headers, as said at check 6",
    };
    format!(
        "{head}; whether the signature matches takes a capture with the whole body, as in shadow \
         mode."
    )
}

/// The signature matches, and something else about its headers is wrong.
fn as_it_is(error: SignatureError, capture: &Capture) -> String {
    match error {
        SignatureError::TimestampTooNew if !is_in_seconds(capture) => {
            "A signature matches as it is, over a timestamp that is not in seconds: send and sign \
             whole seconds since 1970."
        }
        SignatureError::TimestampTooNew => {
            "A signature matches as it is, over a time that lies ahead: set the sender's clock, \
             and this machine's."
        }
        SignatureError::TimestampTooOld => {
            "A signature matches as it is, over a time that is past: find what held the request \
             up, sign anew for each attempt, and set both clocks."
        }
        SignatureError::TimestampMalformed => {
            "A signature matches as it is, over a timestamp in another form: send and sign whole \
             seconds since 1970, in digits alone."
        }
        SignatureError::Missing | SignatureError::Malformed | SignatureError::Mismatch => {
            "A signature matches as it is: mend the form of the headers, as said at check 6."
        }
    }
    .to_owned()
}

/// What makes a signature match, and that the time is wrong too, where it is.
fn beside(error: SignatureError, causes: &[Cause]) -> String {
    let sentence = sentence(causes);
    let is_of_time = |cause: &Cause| matches!(cause, Cause::Head(HeadCause::Timestamp(_)));
    match error {
        SignatureError::TimestampTooOld | SignatureError::TimestampTooNew
            if !causes.iter().any(is_of_time) =>
        {
            let sentence = sentence.trim_end_matches('.');
            format!("{sentence}; and mend the signed time, which is too far off as well.")
        }
        _ => sentence,
    }
}

fn nothing_found(error: SignatureError, search: &Search, explanation: &Explanation<'_>) -> String {
    let deciding = match explanation.plugin {
        Ok(config) => config.verifier.deciding(&explanation.capture.head()),
        Err(_) => None,
    };
    let due = match deciding {
        Some(SchemeName::Hmac) => "one of the headers that hmac.headers names",
        Some(SchemeName::Svix) | None => "svix-id, svix-timestamp and svix-signature",
    };
    let lacking = match error {
        SignatureError::Missing if search.compared == 0 => "The request lacks a signature",
        SignatureError::Missing => {
            "A header of the signature is missing, and no signature matches without it"
        }
        _ => "The request has no signature of 32 bytes that could be compared",
    };
    if search.compared == 0 || error == SignatureError::Missing {
        return format!(
            "{lacking}: let the sender send {due}, and nothing between drop or change them."
        );
    }
    let beside = match error {
        SignatureError::Malformed | SignatureError::TimestampMalformed => {
            "The headers have another form than is due, as said at check 6, and no signature matches \
             either: "
        }
        SignatureError::TimestampTooOld | SignatureError::TimestampTooNew => {
            "The signed time is too far off, and no signature matches either: "
        }
        SignatureError::Missing | SignatureError::Mismatch => "",
    };
    let no = if beside.is_empty() { "No" } else { "no" };
    let tries = if search.tried == 1 { "try" } else { "tries" };
    let left_out = search.untried.map(left_out).unwrap_or_default();
    let secrets = explanation.secrets.join(", ");
    if explanation.capture.body.is_empty() {
        return format!(
            "{beside}{no} cause found in {} {tries}{left_out}, of a body that is empty: look whether \
             the capture has lost it, or something before the filter; else the request was signed \
             with another secret than {secrets}.",
            search.tried
        );
    }
    format!(
        "{beside}{no} cause found in {} {tries}{left_out}: the request was signed with another \
         secret than {secrets}, or its id, timestamp or body was changed in a way that leaves no \
         proof, as where keys are put in another order or numbers lose their digits (100.20 written \
         as 100.2, 1e2 as 100); compare the secret with the one that Junction shows for this \
         endpoint, and the body with the one that the sender has.",
        search.tried
    )
}

/// What the search left out, and why.
fn left_out(untried: Untried) -> String {
    let Untried { writings, alterations, has_single, is_spent } = untried;
    let mut parts = Vec::new();
    if has_single {
        parts.push("other ids, timestamps and keys".to_owned());
    }
    for ((left, all), what) in
        [(alterations, "other changes of the body"), (writings, "ways to write its JSON")]
    {
        if left > 0 {
            parts.push(format!("{left} of {all} {what}"));
        }
    }
    if is_spent {
        let pairs = if parts.is_empty() { "all pairs of causes" } else { "pairs of causes" };
        parts.push(pairs.to_owned());
    }
    let last = parts.pop().unwrap_or_default();
    let parts = if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) };
    if is_spent {
        format!(", cut short before it tried {parts} (a greater --effort tries more)")
    } else {
        format!(", without {parts}, which would be too long")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_search_left_out_and_why() {
        let untried = |writings, alterations, has_single, is_spent| Untried {
            writings: (writings, 104),
            alterations: (alterations, 23),
            has_single,
            is_spent,
        };
        for (untried, expected) in [
            (
                untried(104, 23, true, true),
                ", cut short before it tried other ids, timestamps and keys, 23 of 23 other changes \
                 of the body, 104 of 104 ways to write its JSON and pairs of causes (a greater \
                 --effort tries more)",
            ),
            (
                untried(9, 0, false, true),
                ", cut short before it tried 9 of 104 ways to write its JSON and pairs of causes (a \
                 greater --effort tries more)",
            ),
            (
                untried(0, 0, false, true),
                ", cut short before it tried all pairs of causes (a greater --effort tries more)",
            ),
            (
                untried(4, 1, false, false),
                ", without 1 of 23 other changes of the body and 4 of 104 ways to write its JSON, \
                 which would be too long",
            ),
        ] {
            assert_eq!(left_out(untried), expected);
        }
    }
}
