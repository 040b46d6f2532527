//! What was found, in one sentence with what to do.
//!
//! No remedy weakens a check: what is advised makes the sender sign what arrives, or gives the
//! filter the secret that it is meant to have.

use std::borrow::Cow;

use junction_webhook::signature::SchemeName;

use super::{
    BodyCause, Cause, ClaimCause, HeadCause, KeyCause, TagCause,
    json::{Escapes, Numbers, Space, Style},
};

/// The sentence for what was found, all of it together.
pub(crate) fn sentence(causes: &[Cause]) -> String {
    let mut conditions = Vec::new();
    let mut remedies: Vec<Cow<'static, str>> = Vec::new();
    for cause in causes {
        let (condition, remedy) = words(cause);
        conditions.push(condition);
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    format!("A signature matches {}: {}.", conditions.join(" and "), remedies.join("; "))
}

impl Cause {
    /// The name for scripts.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Claim(cause) => match cause {
                ClaimCause::Unread(_) => "header_not_read",
                ClaimCause::SchemeOff(_) => "scheme_off",
                ClaimCause::BothSets => "both_header_sets",
                ClaimCause::MixedSets => "mixed_header_sets",
                ClaimCause::Repeated(_) => "header_repeated",
                ClaimCause::Overruled(_) => "header_overruled",
            },
            Self::Head(cause) => match cause {
                HeadCause::Id(_) => "id_altered",
                HeadCause::Timestamp(_) => "timestamp_altered",
                HeadCause::BodyAlone => "body_alone_signed",
                HeadCause::TimestampAndBody => "timestamp_and_body_signed",
                HeadCause::SvixText => "svix_text_signed",
            },
            Self::Tag(cause) => match cause {
                TagCause::Hex => "signature_in_hex",
                TagCause::UrlAlphabet => "signature_in_base64url",
                TagCause::Unpadded => "signature_without_padding",
                TagCause::Base64OfHex => "signature_base64_of_hex",
                TagCause::HexOfBase64 => "signature_hex_of_base64",
                TagCause::Prefix => "signature_prefix",
            },
            Self::Key { cause, .. } => match cause {
                KeyCause::NotDecoded | KeyCause::NotDecodedUnprefixed => "secret_not_decoded",
                KeyCause::DecodedTwice => "secret_decoded_twice",
                KeyCause::StillEncoded => "secret_still_encoded",
                KeyCause::Preceded => "secret_behind_something",
                KeyCause::PrefixDecoded => "secret_prefix_kept",
                KeyCause::UrlAlphabet => "secret_in_base64url",
                KeyCause::Hex => "secret_in_hex",
                KeyCause::HexOfKey => "secret_hex_of_key",
                KeyCause::Unquoted => "secret_in_quotes_or_white_space",
                KeyCause::Quoted => "secret_signed_with_quotes",
                KeyCause::LineEnd => "secret_signed_with_line_end",
                KeyCause::Decoded => "secret_decoded",
                KeyCause::Encoded => "secret_encoded_again",
                KeyCause::Unprefixed => "secret_without_prefix",
                KeyCause::OtherScheme => "secret_of_other_scheme",
                KeyCause::AnotherEndpoints => "secret_of_another_endpoint",
            },
            Self::Body(cause) => match cause {
                BodyCause::WithoutLineEnd => "body_line_end_added",
                BodyCause::WithLineEnd(_) => "body_line_end_removed",
                BodyCause::LineFeeds => "body_line_feeds_to_crlf",
                BodyCause::CarriageReturns => "body_crlf_to_line_feeds",
                BodyCause::WithoutMark => "body_mark_added",
                BodyCause::WithMark => "body_mark_removed",
                BodyCause::Rewritten(_) => "body_json_rewritten",
                BodyCause::Unquoted => "body_json_in_json",
                BodyCause::Quoted => "body_json_string_signed",
                BodyCause::PercentDecoded => "body_percent_encoded",
                BodyCause::FormDecoded => "body_form_encoded",
                BodyCause::DecodedTwice => "body_utf8_encoded_twice",
                BodyCause::Reencoded => "body_in_latin_1",
                BodyCause::Unpacked => "body_compressed",
                BodyCause::Base64Decoded => "body_in_base64",
                BodyCause::Base64Encoded => "body_base64_signed",
                BodyCause::Empty => "body_empty_signed",
                BodyCause::NoText => "body_object_signed",
            },
        }
    }
}

/// Under which condition a signature matches, and what to do.
fn words(cause: &Cause) -> (Cow<'static, str>, Cow<'static, str>) {
    match cause {
        Cause::Claim(cause) => claim(cause),
        Cause::Head(cause) => head(cause),
        Cause::Tag(cause) => tag(*cause),
        Cause::Key { cause, secret } => key(*cause, secret),
        Cause::Body(cause) => body(*cause),
    }
}

fn claim(cause: &ClaimCause) -> (Cow<'static, str>, Cow<'static, str>) {
    const ONE_SET: &str = "send svix-id, svix-timestamp and svix-signature once each, or the three \
                           webhook-* ones, and not both";
    match cause {
        ClaimCause::Unread(name) => (
            format!("in the header {}, which the filter does not read", shown(name)).into(),
            "send it in the header that the filter reads: svix-signature, or webhook-signature, \
             with its id and timestamp"
                .into(),
        ),
        ClaimCause::SchemeOff(SchemeName::Svix) => (
            "under the Svix scheme, which has no secret here".into(),
            "put the endpoint's secret under svix.secrets".into(),
        ),
        ClaimCause::SchemeOff(SchemeName::Hmac) => (
            "as a plain HMAC, for which this endpoint has no secret".into(),
            "let the sender sign id, timestamp and body as Svix does, with the three svix-* headers"
                .into(),
        ),
        ClaimCause::BothSets => ("under one of the two sets of headers".into(), ONE_SET.into()),
        ClaimCause::MixedSets => {
            ("with the other set's id or timestamp".into(), ONE_SET.into())
        }
        ClaimCause::Repeated(name) => (
            format!("though {} is given more than once", shown(name)).into(),
            "send each signature header once; look for a proxy that adds its own".into(),
        ),
        ClaimCause::Overruled(by) => (
            format!("in a header that does not count, since {} is there too", shown(by)).into(),
            "send one signature, in the header that decides".into(),
        ),
    }
}

fn head(cause: &HeadCause) -> (Cow<'static, str>, Cow<'static, str>) {
    match cause {
        HeadCause::Id(how) => (
            format!("with the id {how}").into(),
            "sign the very id that is sent, character for character".into(),
        ),
        HeadCause::Timestamp(how) => (
            format!("with the timestamp {how}").into(),
            "sign the very timestamp that is sent, and send whole seconds since 1970".into(),
        ),
        HeadCause::BodyAlone => (
            "over the body alone".into(),
            "sign {id}.{timestamp}.{body} under the Svix headers, or {t}.{body} after t=".into(),
        ),
        HeadCause::TimestampAndBody => (
            "over {timestamp}.{body}".into(),
            "sign {id}.{timestamp}.{body} under the Svix headers; a plain HMAC with a timestamp \
             is written t={timestamp},v1={signature}"
                .into(),
        ),
        HeadCause::SvixText => (
            "over {id}.{timestamp}.{body}, as Svix signs".into(),
            "send it in svix-signature, or webhook-signature, with its id and timestamp".into(),
        ),
    }
}

fn tag(cause: TagCause) -> (Cow<'static, str>, Cow<'static, str>) {
    let condition = match cause {
        TagCause::Hex => "once it is read as hex",
        TagCause::UrlAlphabet => "once it is read as base64url",
        TagCause::Unpadded => "once its padding is completed",
        TagCause::Base64OfHex => "once it is read as base64 of hex",
        TagCause::HexOfBase64 => "once it is read as hex of base64",
        TagCause::Prefix => "once what stands before it is left out",
    };
    let remedy = "write it as v1,{standard base64 of the 32 bytes, with padding} in a Svix header, \
                  or in a plain one as {hex or base64}, bare or after sha256= or v1=";
    (condition.into(), remedy.into())
}

fn key(cause: KeyCause, secret: &str) -> (Cow<'static, str>, Cow<'static, str>) {
    let name = shown(secret);
    let sender = |condition: String, remedy: &'static str| (condition.into(), remedy.into());
    let decode = "let the sender decode the secret from base64, once, without its whsec_, and \
                  sign with the bytes";
    let verbatim = "let the sender sign with the secret's own characters, as a plain HMAC does";
    match cause {
        KeyCause::NotDecoded => {
            sender(format!("with the text of {name} as the key, not decoded"), decode)
        }
        KeyCause::NotDecodedUnprefixed => {
            sender(format!("with the text of {name} behind whsec_ as the key, not decoded"), decode)
        }
        KeyCause::DecodedTwice => sender(format!("with {name} decoded from base64 twice"), decode),
        KeyCause::StillEncoded => sender(
            format!("with {name} decoded from base64 once more"),
            "give the filter the secret itself, which begins with whsec_: Kubernetes shows secrets \
             in base64",
        ),
        KeyCause::Preceded => sender(
            format!("with {name} from its last whsec_ on"),
            "give the filter the secret alone, with one whsec_ and nothing before that",
        ),
        KeyCause::PrefixDecoded => {
            sender(format!("with {name} decoded together with its whsec_"), decode)
        }
        KeyCause::HexOfKey => sender(format!("with {name} decoded and written in hex"), decode),
        KeyCause::Encoded => sender(
            format!("with {name} encoded in base64 once more"),
            "give the sender the secret itself, as the filter has it: Kubernetes shows secrets in \
             base64",
        ),
        KeyCause::UrlAlphabet => sender(
            format!("with {name} read as base64url"),
            "write the secret in standard base64, with + and / for - and _, on both sides",
        ),
        KeyCause::Hex => sender(
            format!("with {name} read as hex"),
            "write the secret's bytes in base64, on both sides",
        ),
        KeyCause::Unquoted => sender(
            format!("with {name} without its quotes and white space"),
            "take them out of what the filter is given: the value of a variable has no quotes of \
             its own",
        ),
        KeyCause::Quoted => sender(format!("with {name} in quotes"), verbatim),
        KeyCause::LineEnd => sender(
            format!("with {name} and a line end behind it"),
            "let the sender sign without the line end, which its file ends in: printf %s, not echo",
        ),
        KeyCause::Decoded => sender(format!("with {name} decoded from base64"), verbatim),
        KeyCause::Unprefixed => sender(format!("with {name} without its whsec_"), verbatim),
        KeyCause::OtherScheme => sender(
            format!("with {name}, which is configured for the other scheme"),
            "put the secret under the scheme that its sender signs with: svix for Junction",
        ),
        KeyCause::AnotherEndpoints => (
            format!("with {name}, which is another endpoint's secret").into(),
            "give this endpoint the secret that Junction shows for it, or send to the other \
             endpoint's path"
                .into(),
        ),
    }
}

fn body(cause: BodyCause) -> (Cow<'static, str>, Cow<'static, str>) {
    let (condition, remedy): (Cow<'static, str>, &str) = match cause {
        BodyCause::WithoutLineEnd => (
            "without the line end or white space at the body's end".into(),
            "send the very bytes that were signed: an editor, echo or a template added it",
        ),
        BodyCause::WithLineEnd(end) => (
            format!("with a {end} at the body's end").into(),
            "send the very bytes that were signed: curl takes line ends away unless it is told \
             --data-binary",
        ),
        BodyCause::LineFeeds => (
            "with every line of the body ending in a line feed alone".into(),
            "send the body as bytes: something wrote CRLF for its line feeds",
        ),
        BodyCause::CarriageReturns => (
            "with every line of the body ending in carriage return and line feed".into(),
            "send the body as bytes: something took the carriage returns away",
        ),
        BodyCause::WithoutMark => (
            "without the byte order mark at the body's start".into(),
            "write the body as UTF-8 without a byte order mark",
        ),
        BodyCause::WithMark => (
            "with a byte order mark at the body's start".into(),
            "sign the body without a byte order mark, as it is sent",
        ),
        BodyCause::Rewritten(style) => (
            format!("over the body's JSON written {}", styled(style)).into(),
            "sign the text that is sent, and let nothing between parse it and write it again",
        ),
        BodyCause::Unquoted => (
            "over the JSON text that the body holds as one string".into(),
            "send the document itself: something wrote its text as a JSON string",
        ),
        BodyCause::Quoted => (
            "over the body written as one JSON string".into(),
            "sign the text that is sent, and not a string of it",
        ),
        BodyCause::PercentDecoded => (
            "over the body percent-decoded".into(),
            "send the document itself, not percent-encoded",
        ),
        BodyCause::FormDecoded => (
            "over the body decoded as a form".into(),
            "send the document itself, as application/json, and not as a form",
        ),
        BodyCause::DecodedTwice => (
            "over the body with one layer of UTF-8 taken away".into(),
            "send the bytes as they are: something took them for Latin-1 and encoded them again",
        ),
        BodyCause::Reencoded => (
            "over the body's characters in UTF-8".into(),
            "send the document in UTF-8: something wrote it in Latin-1",
        ),
        BodyCause::Unpacked => (
            "over the body unpacked".into(),
            "send the body as it was signed: something compressed it after that",
        ),
        BodyCause::Base64Decoded => (
            "over the body decoded from base64".into(),
            "send the document itself: something encoded it in base64 after it was signed",
        ),
        BodyCause::Base64Encoded => {
            ("over the body in base64".into(), "sign the document as it is sent, not its base64")
        }
        BodyCause::Empty => (
            "over an empty body".into(),
            "sign the body that is sent: the signer had none, or one that was read already",
        ),
        BodyCause::NoText => (
            "over the words [object Object]".into(),
            "sign the body's text: the signer was given an object",
        ),
    };
    (condition, remedy.into())
}

fn styled(style: Style) -> String {
    let mut words = vec![match style.space {
        Space::None => "without spaces".to_owned(),
        Space::Spaced => "with a space after each comma and colon, as Python does".to_owned(),
        Space::Indented(spaces) => format!("on lines indented by {spaces} spaces"),
        Space::Tabbed => "on lines indented by tabs".to_owned(),
    }];
    match style.escapes {
        Escapes::None => {}
        Escapes::Ascii => words.push("with \\u escapes beyond ASCII".to_owned()),
        Escapes::AsciiAndSlash => {
            words.push("with \\u escapes beyond ASCII and \\/, as PHP does".to_owned());
        }
        Escapes::Html => words.push("with \\u003c for <, as Go does".to_owned()),
    }
    if style.order.is_sorted {
        words.push("with its keys sorted".to_owned());
    }
    match style.order.numbers {
        Numbers::Kept => {}
        Numbers::Short => words.push("with numbers as JavaScript writes them".to_owned()),
        Numbers::Decimals { least, everywhere } => words.push(format!(
            "with {} at least, as in {}, {}",
            crate::explain::text::count(least, "decimal"),
            ["1", &"0".repeat(least)].join("."),
            if everywhere { "in every number" } else { "in values and their ranges" },
        )),
    }
    words.join(", ")
}

/// A name for people: whoever wrote it, nothing but plain characters goes to a terminal.
fn shown(name: &str) -> String {
    crate::explain::text::shown(name.as_bytes())
}
