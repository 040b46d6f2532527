//! The bodies that may have been signed, where another arrived.
//!
//! Each is what the body that arrived was before something changed it, or what a sender signed in
//! its place. Made one after the other, as a body may be long.

use std::{borrow::Cow, collections::HashSet, io::Read};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::{GzDecoder, ZlibDecoder};
use percent_encoding::percent_decode;
use sha2::{Digest, Sha256};

use super::json::{self, Style};

/// The most bytes that a compressed body is unpacked to: a small one may hold gigabytes.
const MOST_UNPACKED_BYTES: usize = 32 * 1024 * 1024;

/// What is otherwise about the body that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyCause {
    /// Without its final line end, or other white space at an end.
    WithoutLineEnd,
    /// With a final line feed, or carriage return and line feed.
    WithLineEnd(&'static str),
    /// Every line ends in a line feed alone.
    LineFeeds,
    /// Every line ends in carriage return and line feed.
    CarriageReturns,
    WithoutMark,
    WithMark,
    /// The same JSON, written otherwise.
    Rewritten(Style),
    /// A JSON text within a JSON text.
    Unquoted,
    /// The JSON text as a JSON string.
    Quoted,
    PercentDecoded,
    FormDecoded,
    /// UTF-8 that was taken for Latin-1, or Windows-1252, and encoded once more.
    DecodedTwice,
    /// Latin-1 that was UTF-8.
    Reencoded,
    Unpacked,
    Base64Decoded,
    Base64Encoded,
    Empty,
    /// What JavaScript makes of an object that is no text.
    NoText,
}

type Make = fn(&[u8]) -> Option<Cow<'_, [u8]>>;

/// All but the JSON ones.
const MADE: [(BodyCause, Make); 19] = [
    (BodyCause::WithoutLineEnd, |body| body.strip_suffix(b"\n").map(Cow::from)),
    (BodyCause::WithoutLineEnd, |body| body.strip_suffix(b"\r\n").map(Cow::from)),
    (BodyCause::WithLineEnd("line feed"), |body| Some([body, b"\n"].concat().into())),
    (BodyCause::WithLineEnd("carriage return and line feed"), |body| {
        Some([body, b"\r\n"].concat().into())
    }),
    (BodyCause::LineFeeds, |body| Some(to_line_feeds(body).into())),
    (BodyCause::CarriageReturns, |body| Some(to_carriage_returns(&to_line_feeds(body)).into())),
    (BodyCause::WithoutMark, |body| body.strip_prefix(b"\xef\xbb\xbf").map(Cow::from)),
    (BodyCause::WithMark, |body| Some([b"\xef\xbb\xbf", body].concat().into())),
    (BodyCause::WithoutLineEnd, |body| Some(body.trim_ascii().into())),
    (BodyCause::Unquoted, |body| {
        serde_json::from_slice::<String>(body).ok().map(|text| text.into_bytes().into())
    }),
    (BodyCause::Quoted, |body| serde_json::to_vec(str::from_utf8(body).ok()?).ok().map(Cow::from)),
    (BodyCause::PercentDecoded, |body| {
        body.contains(&b'%').then(|| percent_decode(body).collect::<Vec<_>>().into())
    }),
    (BodyCause::FormDecoded, |body| Some(form_decoded(body).into())),
    (BodyCause::FormDecoded, |body| {
        // One field, as `payload=%7B…`.
        let start = body.iter().position(|byte| *byte == b'=').filter(|at| *at < 64)?;
        Some(form_decoded(body.get(start.checked_add(1)?..)?).into())
    }),
    (BodyCause::DecodedTwice, |body| {
        let text = str::from_utf8(body).ok()?;
        text.chars().map(to_byte).collect::<Option<Vec<u8>>>().map(Cow::from)
    }),
    (BodyCause::Reencoded, |body| {
        let text: String = body.iter().copied().map(char::from).collect();
        Some(text.into_bytes().into())
    }),
    (BodyCause::Unpacked, |body| unpacked(GzDecoder::new(body))),
    (BodyCause::Unpacked, |body| unpacked(ZlibDecoder::new(body))),
    (BodyCause::Base64Decoded, |body| {
        BASE64_STANDARD.decode(body.trim_ascii()).ok().map(Cow::from)
    }),
];

/// The body that arrived, and every other that may have been signed, each once.
pub(super) fn variants(body: &[u8]) -> impl Iterator<Item = (Option<BodyCause>, Cow<'_, [u8]>)> {
    let made = MADE.into_iter().filter_map(move |(cause, make)| Some((cause, make(body)?)));
    let parsed = json::parse(body);
    let rewritten = Style::all().filter_map(move |style| {
        let text = json::write(parsed.as_ref()?, style);
        Some((BodyCause::Rewritten(style), Cow::from(text)))
    });
    let encoded = std::iter::once_with(move || {
        (BodyCause::Base64Encoded, Cow::from(BASE64_STANDARD.encode(body).into_bytes()))
    });
    let constant: [(BodyCause, &[u8]); 2] =
        [(BodyCause::Empty, b""), (BodyCause::NoText, b"[object Object]")];
    let constant = constant.into_iter().map(|(cause, body)| (cause, Cow::from(body)));
    let mut seen: HashSet<[u8; 32]> = HashSet::new();
    seen.insert(Sha256::digest(body).into());
    let altered = made.chain(rewritten).chain(encoded).chain(constant);
    let altered = altered.filter(move |(_, body)| seen.insert(Sha256::digest(body).into()));
    std::iter::once((None, Cow::from(body))).chain(altered.map(|(cause, body)| (Some(cause), body)))
}

fn to_line_feeds(body: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(body.len());
    for (at, byte) in body.iter().enumerate() {
        let is_end = *byte == b'\r' && body.get(at.saturating_add(1)) == Some(&b'\n');
        if !is_end {
            lines.push(*byte);
        }
    }
    lines
}

fn to_carriage_returns(body: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(body.len());
    for byte in body {
        if *byte == b'\n' {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines
}

fn form_decoded(body: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> =
        body.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

/// The byte that a character was before it was taken for one of Latin-1 or Windows-1252.
fn to_byte(character: char) -> Option<u8> {
    /// Windows-1252 from 0x80 on; 0 where it has no character.
    const WINDOWS: [char; 32] = [
        '\u{20ac}', '\0', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
        '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\0', '\u{17d}', '\0', '\0',
        '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
        '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\0', '\u{17e}', '\u{178}',
    ];
    let windows = || {
        let place = WINDOWS.iter().position(|own| *own == character && *own != '\0')?;
        u8::try_from(place).ok()?.checked_add(0x80)
    };
    u8::try_from(character).ok().or_else(windows)
}

fn unpacked<'b>(packed: impl Read) -> Option<Cow<'b, [u8]>> {
    let limit = u64::try_from(MOST_UNPACKED_BYTES).ok()?.checked_add(1)?;
    let mut body = Vec::new();
    packed.take(limit).read_to_end(&mut body).ok()?;
    (body.len() <= MOST_UNPACKED_BYTES).then_some(body.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn unpacks_no_more_than_its_bound() {
        let pack = |length: usize| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![b' '; length]).unwrap();
            encoder.finish().unwrap()
        };
        let unpack = |packed: &[u8]| unpacked(GzDecoder::new(packed)).map(|body| body.len());
        assert_eq!(unpack(&pack(MOST_UNPACKED_BYTES)), Some(MOST_UNPACKED_BYTES));
        assert_eq!(unpack(&pack(MOST_UNPACKED_BYTES + 1)), None);
    }

    #[test]
    fn tries_every_body_once() {
        for body in [b"".as_slice(), b"{}", b"{\"a\": 1}\n", b"\xff\n", b"\"\\u00e9\""] {
            let all: Vec<_> = variants(body).map(|(_, body)| body.into_owned()).collect();
            let distinct: HashSet<_> = all.iter().collect();
            assert_eq!(distinct.len(), all.len(), "{}", body.escape_ascii());
            assert_eq!(all[0], body);
        }
    }
}
