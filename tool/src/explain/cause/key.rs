//! The keys that may have been made of a secret's text, rightly and by mistake.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use junction_webhook::signature::SchemeName;

/// How a key was made by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyCause {
    /// The text's own bytes, its prefix too.
    NotDecoded,
    /// The text's own bytes behind the prefix.
    NotDecodedUnprefixed,
    /// Base64 of base64.
    DecodedTwice,
    /// Base64 of a `whsec_` text, as Kubernetes keeps it, is configured.
    StillEncoded,
    /// Something stands before the last `whsec_`: another one, or a variable's name.
    Preceded,
    /// The prefix taken for base64.
    PrefixDecoded,
    /// The alphabet of URLs.
    UrlAlphabet,
    /// Hex in the place of base64.
    Hex,
    /// The decoded key written in hex.
    HexOfKey,
    /// The text without the white space and the quotes that are configured.
    Unquoted,
    /// The text in quotes.
    Quoted,
    /// With a final line end.
    LineEnd,
    /// A plain secret taken for base64.
    Decoded,
    /// The text encoded once more, as Kubernetes keeps it.
    Encoded,
    /// The text behind `whsec_`, which a plain secret keeps.
    Unprefixed,
    /// A secret that is configured for the other scheme.
    OtherScheme,
    /// A secret that is configured for another endpoint.
    AnotherEndpoints,
}

/// Standard base64, whatever stands at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
/// Base64 of URLs, likewise.
const LENIENT_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

const PREFIX: &[u8] = b"whsec_";

/// The keys of a text under a scheme; the right one, which has no cause, comes first.
pub(super) fn variants(text: &[u8], scheme: SchemeName) -> Vec<(Option<KeyCause>, Vec<u8>)> {
    let mut keys = Vec::new();
    let mut add = |cause, key: Option<Vec<u8>>| {
        keys.extend(key.filter(|key| !key.is_empty()).map(|key| (cause, key)));
    };
    let trimmed = text.trim_ascii();
    let bare = unprefixed(trimmed);
    let unquoted: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace() && !b"\"'`".contains(byte))
        .collect();
    match scheme {
        SchemeName::Svix => {
            let key = decode(bare);
            add(None, key.clone());
            add(Some(KeyCause::NotDecoded), Some(trimmed.to_vec()));
            add(Some(KeyCause::NotDecodedUnprefixed), Some(bare.to_vec()));
            add(Some(KeyCause::Unquoted), decode(unprefixed(&unquoted)));
            add(Some(KeyCause::Preceded), last_prefixed(&unquoted).and_then(decode));
            let text = key.as_deref().map(<[u8]>::trim_ascii);
            let is_prefixed = text.is_some_and(|text| text.starts_with(PREFIX));
            let cause = if is_prefixed { KeyCause::StillEncoded } else { KeyCause::DecodedTwice };
            add(Some(cause), text.and_then(|text| decode(unprefixed(text))));
            for decoded in prefix_decoded(trimmed) {
                add(Some(KeyCause::PrefixDecoded), decoded);
            }
            add(Some(KeyCause::UrlAlphabet), LENIENT_URL.decode(bare).ok());
            add(Some(KeyCause::Hex), base16ct::mixed::decode_vec(bare).ok());
            let hex = key.as_deref().map(base16ct::lower::encode_string);
            add(Some(KeyCause::HexOfKey), hex.map(String::into_bytes));
            add(Some(KeyCause::Encoded), Some(BASE64_STANDARD.encode(trimmed).into_bytes()));
        }
        SchemeName::Hmac => {
            add(None, Some(text.to_vec()));
            add(Some(KeyCause::Decoded), decode(bare));
            add(Some(KeyCause::Unquoted), Some(unquoted));
            add(Some(KeyCause::Unprefixed), Some(bare.to_vec()));
            for end in [b"\n".as_slice(), b"\r\n"] {
                add(Some(KeyCause::LineEnd), Some([text, end].concat()));
            }
            for quote in [b"\"".as_slice(), b"'"] {
                add(Some(KeyCause::Quoted), Some([quote, text, quote].concat()));
            }
            add(Some(KeyCause::UrlAlphabet), LENIENT_URL.decode(bare).ok());
            add(Some(KeyCause::Hex), base16ct::mixed::decode_vec(trimmed).ok());
            add(Some(KeyCause::Encoded), Some(BASE64_STANDARD.encode(text).into_bytes()));
        }
    }
    let mut distinct: Vec<(Option<KeyCause>, Vec<u8>)> = Vec::new();
    for key in keys {
        if distinct.iter().all(|(_, known)| *known != key.1) {
            distinct.push(key);
        }
    }
    distinct
}

fn unprefixed(text: &[u8]) -> &[u8] {
    text.strip_prefix(PREFIX).unwrap_or(text)
}

/// What follows the last prefix, where anything stands before that.
fn last_prefixed(text: &[u8]) -> Option<&[u8]> {
    let mut places = text.windows(PREFIX.len());
    let place = places.rposition(|part| part == PREFIX).filter(|place| *place > 0)?;
    unprefixed(text.get(place..)?).into()
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

/// The text decoded with its prefix: Node takes `_` for `/`, Python and others leave it out.
fn prefix_decoded(text: &[u8]) -> [Option<Vec<u8>>; 2] {
    let Some(bare) = text.strip_prefix(PREFIX) else { return [None, None] };
    let bare = bare.split(|byte| *byte == b'=').next().unwrap_or_default();
    [b"whsec/".as_slice(), b"whsec"].map(|prefix| {
        let text = [prefix, bare].concat();
        // Such decoders leave a last character out that is no byte.
        let whole =
            if text.len() % 4 == 1 { text.split_last().map(|(_, rest)| rest) } else { None };
        LENIENT.decode(whole.unwrap_or(&text)).ok()
    })
}
