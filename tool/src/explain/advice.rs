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
    cause::{Search, sentence},
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
                Some(causes) => sentence(causes),
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
        | SignatureError::Mismatch => "Mend the form of the headers, as said at the check",
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
        SignatureError::Missing
        | SignatureError::Malformed
        | SignatureError::TimestampMalformed
        | SignatureError::Mismatch => {
            "A signature matches as it is: mend the form of the headers, as said at the check."
        }
    }
    .to_owned()
}

fn nothing_found(error: SignatureError, search: &Search, explanation: &Explanation<'_>) -> String {
    if search.compared == 0 {
        let deciding = match explanation.plugin {
            Ok(config) => config.verifier.deciding(&explanation.capture.head()),
            Err(_) => None,
        };
        let due = match deciding {
            Some(SchemeName::Hmac) => "one of the headers that hmac.headers names",
            Some(SchemeName::Svix) | None => "svix-id, svix-timestamp and svix-signature",
        };
        let what = match error {
            SignatureError::Missing => "The request lacks a signature",
            _ => "The request has no signature of 32 bytes that could be compared",
        };
        return format!(
            "{what}: let the sender send {due}, and nothing between drop or change them."
        );
    }
    let tried = search.tried;
    let cut = if search.is_cut_short {
        "; the search ended before its time, as the body is long"
    } else {
        ""
    };
    format!(
        "No cause found in {tried} tries{cut}: the request was signed with a secret that is not \
         configured here, or its id, timestamp or body was changed in a way that cannot be \
         undone, as by keys in another order, numbers written again by way of floating point, or \
         compressing; compare the secret with the one that Junction shows for this endpoint."
    )
}
