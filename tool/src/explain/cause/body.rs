//! The bodies that may have been signed, where another arrived.
//!
//! Each is what the body that arrived was before something changed it, or what a sender signed in
//! its place. Made one after the other, as a body may be long.

use std::{borrow::Cow, collections::HashSet, io::Read};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::{GzDecoder, ZlibDecoder};
use percent_encoding::percent_decode;
use sha2::{Digest, Sha256};

use super::{
    json::{self, Escapes, Order, Space, Style, Tree},
    work::{Spent, Work},
};

/// The longest body that is made, where the one that arrived is not half as long: a small
/// compressed one may hold gigabytes, and one with lines at every depth be a hundred times as long.
const MOST_MADE_BYTES: usize = 32 * 1024 * 1024;

/// What an alteration takes for each byte that arrived and that it makes, in units of hashing one.
const MADE_BYTE_UNITS: usize = 2;

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

/// All but the JSON ones, the common ones first.
const MADE: [(BodyCause, Make); 23] = [
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
    // Behind a line end that was signed.
    (BodyCause::WithoutLineEnd, |body| {
        let last = body.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'))?;
        body.get(..=last).map(Cow::from)
    }),
    (BodyCause::Empty, |_| Some(b"".as_slice().into())),
    (BodyCause::NoText, |_| Some(b"[object Object]".as_slice().into())),
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
    (BodyCause::Base64Encoded, |body| Some(BASE64_STANDARD.encode(body).into_bytes().into())),
];

/// A way to make a body of the one that arrived.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Made(BodyCause, Make),
    Written(Style),
}

impl Form {
    /// All of them, the cheap and likely ones first.
    pub(super) fn all() -> Vec<Self> {
        let made = MADE.into_iter().map(|(cause, make)| Self::Made(cause, make));
        made.chain(Style::all().into_iter().map(Self::Written)).collect()
    }

    pub(super) const fn cause(self) -> BodyCause {
        match self {
            Self::Made(cause, _) => cause,
            Self::Written(style) => BodyCause::Rewritten(style),
        }
    }
}

/// Makes bodies of the one that arrived.
pub(super) struct Forms<'b> {
    body: &'b [u8],
    /// The document in the order of the last style; none where it is no JSON, or that order changes
    /// nothing, so that every style of it was there already.
    tree: Option<(Order, Option<Tree<'b>>)>,
    /// The spaces and escapes with which the document is too long.
    long: Vec<(Space, Escapes)>,
    /// Every body until now.
    seen: HashSet<[u8; 32]>,
}

/// What a form makes.
pub(super) enum Made<'b> {
    Body(Cow<'b, [u8]>),
    /// Nothing: the form is none of this body.
    Nothing,
    /// A body that is longer than [`MOST_MADE_BYTES`].
    TooLong,
}

impl<'b> Forms<'b> {
    pub(super) fn of(body: &'b [u8]) -> Self {
        let seen = HashSet::from([Sha256::digest(body).into()]);
        Self { body, tree: None, long: Vec::new(), seen }
    }

    /// Makes one form.
    pub(super) fn make(&mut self, form: Form, work: &mut Work) -> Result<Made<'b>, Spent> {
        match form {
            Form::Made(_, make) => {
                work.take(self.body.len(), MADE_BYTE_UNITS)?;
                let Some(body) = make(self.body) else { return Ok(Made::Nothing) };
                work.take(body.len(), MADE_BYTE_UNITS)?;
                let is_long = body.len() > self.most_bytes();
                Ok(if is_long { Made::TooLong } else { Made::Body(body) })
            }
            Form::Written(style) => self.write(style, work),
        }
    }

    /// Whether no form made this body before.
    pub(super) fn is_new(&mut self, body: &[u8], work: &mut Work) -> Result<bool, Spent> {
        work.take(body.len(), 1)?;
        Ok(self.seen.insert(Sha256::digest(body).into()))
    }

    fn most_bytes(&self) -> usize {
        MOST_MADE_BYTES.max(self.body.len().saturating_mul(2))
    }

    fn write(&mut self, style: Style, work: &mut Work) -> Result<Made<'b>, Spent> {
        let Style { order, space, escapes } = style;
        let most_bytes = self.most_bytes();
        if self.tree.as_ref().is_none_or(|(last, _)| *last != order) {
            // Never two of them at once: they are longer than the body.
            self.tree = None;
            let mut tree = Tree::read(self.body, work)?;
            if let Some(read) = &mut tree
                && !read.put_into(order, work)?
            {
                tree = None;
            }
            self.tree = Some((order, tree));
        }
        let Some((_, Some(tree))) = &self.tree else { return Ok(Made::Nothing) };
        // No spaces and no escapes make it no longer.
        let is_long = self.long.iter().any(|long| {
            [Space::None, space].contains(&long.0) && [Escapes::None, escapes].contains(&long.1)
        });
        let text = if is_long { None } else { json::write(tree, style, most_bytes, work)? };
        let Some(text) = text else {
            self.long.push((space, escapes));
            return Ok(Made::TooLong);
        };
        Ok(Made::Body(text.into()))
    }
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

/// What was packed, or a byte more of it than may be made.
fn unpacked<'b>(packed: impl Read) -> Option<Cow<'b, [u8]>> {
    let limit = u64::try_from(MOST_MADE_BYTES).ok()?.checked_add(1)?;
    let mut body = Vec::new();
    packed.take(limit).read_to_end(&mut body).ok()?;
    Some(body.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn makes_nothing_longer_than_the_bound() {
        let pack = |length: usize| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&vec![b' '; length]).unwrap();
            encoder.finish().unwrap()
        };
        let longest = |body: &[u8]| {
            let (mut longest, mut too_long) = (0, 0);
            for (_, made) in all(body) {
                match made {
                    Made::Body(body) => longest = longest.max(body.len()),
                    Made::Nothing => {}
                    Made::TooLong => too_long += 1,
                }
            }
            (longest, too_long)
        };
        assert_eq!(longest(&pack(MOST_MADE_BYTES)), (MOST_MADE_BYTES, 0));
        let (length, too_long) = longest(&pack(MOST_MADE_BYTES + 1));
        assert!(length < 1_000_000 && too_long == 1, "{length}, {too_long}");
        // A line for each of its items, with 252 spaces before it: 260 times as long.
        let deep = |items: usize| {
            let (start, end) = ("[".repeat(62), "]".repeat(62));
            format!("{start}{}0{end}", "0,".repeat(items)).into_bytes()
        };
        assert_eq!(longest(&deep(100)).1, 0);
        let (length, too_long) = longest(&deep(140_000));
        assert!((17_000_000..=MOST_MADE_BYTES).contains(&length), "{length}");
        // Indented by four spaces, in whichever order and with whichever escapes.
        assert_eq!(too_long, 4);
    }

    /// Each form of a body, and what it makes.
    fn all(body: &[u8]) -> Vec<(BodyCause, Made<'_>)> {
        let (mut forms, mut work) = (Forms::of(body), Work::of(usize::MAX));
        let made = |form: Form| (form.cause(), forms.make(form, &mut work).unwrap());
        Form::all().into_iter().map(made).collect()
    }

    #[test]
    fn every_other_body_is_new_once() {
        for body in [b"".as_slice(), b"{}", b"{\"a\": 1}\n", b"\xff\n", b"\"\\u00e9\""] {
            let (mut forms, mut work) = (Forms::of(body), Work::of(usize::MAX));
            let mut distinct = HashSet::from([body.to_vec()]);
            for (_, made) in all(body) {
                let Made::Body(made) = made else { continue };
                let is_new = distinct.insert(made.to_vec());
                assert_eq!(forms.is_new(&made, &mut work), Ok(is_new), "{}", made.escape_ascii());
            }
            assert!(distinct.len() > 5);
        }
    }
}
