//! An input of the targets that take a whole request: a head in lines, an empty line, and the body.
//! The first line is `<configuration> <method> <target>`; a header `sign: <scheme> <id>` signs the
//! body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use test_support::OwnedHeader;

/// When requests are signed, and arrive.
pub(crate) const NOW: u64 = 1_614_265_330;
pub(crate) const KEY: &[u8] = b"a key that no input knows";

/// A request.
pub(crate) struct Input<'i> {
    /// Which configuration it meets.
    pub(crate) configuration: u8,
    pub(crate) headers: Vec<OwnedHeader>,
    pub(crate) body: &'i [u8],
    /// Some of its headers are a signature by [`KEY`].
    pub(crate) is_signed: bool,
    /// How long the head was, in bytes.
    #[allow(dead_code, reason = "one of the targets that share this does not ask for it")]
    pub(crate) head_bytes: usize,
    /// Where its body is cut: said by the input, so that a finding can be repeated.
    pub(crate) cuts: Vec<usize>,
}

impl<'i> Input<'i> {
    pub(crate) fn read(input: &'i [u8]) -> Self {
        let (head, body) = match input.windows(2).position(|pair| pair == b"\n\n") {
            Some(at) => (&input[..at], &input[at + 2..]),
            None => (input, &b""[..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let mut words = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ');
        let configuration = words.next().and_then(<[u8]>::first).copied().unwrap_or(b'0');
        let mut headers: Vec<OwnedHeader> = vec![
            (":method".into(), words.next().unwrap_or_default().to_vec()),
            (":path".into(), words.next().unwrap_or_default().to_vec()),
        ];
        let mut is_signed = false;
        for line in lines {
            let Some(at) = line.windows(2).position(|pair| pair == b": ") else { continue };
            let Ok(name) = String::from_utf8(line[..at].to_ascii_lowercase()) else { continue };
            let value = &line[at + 2..];
            if name == "sign" {
                is_signed = true;
                sign(value, body, &mut headers);
            } else {
                headers.push((name, value.to_vec()));
            }
        }
        let cut = |byte: &u8| usize::from(*byte) * body.len().max(1) / 256;
        let mut cuts: Vec<usize> = input.iter().rev().take(5).map(cut).collect();
        cuts.sort_unstable();
        Self { configuration, headers, body, is_signed, head_bytes: head.len(), cuts }
    }
}

/// Adds the headers of a signature: `svix <id>`, `webhook <id>`, `hex`, or `timed`.
fn sign(value: &[u8], body: &[u8], headers: &mut Vec<OwnedHeader>) {
    let mut words = value.splitn(2, |byte| *byte == b' ');
    let (scheme, id) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let tag = |parts: &[&[u8]]| {
        let mut mac = hmac_sha256::HMAC::new(KEY);
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize()
    };
    let hex = |tag: [u8; 32]| tag.map(|byte| format!("{byte:02x}")).concat();
    let at = NOW.to_string();
    match scheme {
        b"hex" => headers.push(("x-signature".into(), hex(tag(&[body])).into_bytes())),
        b"timed" => {
            let tag = tag(&[at.as_bytes(), b".", body]);
            headers.push(("x-signature".into(), format!("t={at},v1={}", hex(tag)).into_bytes()));
        }
        name => {
            let name = if name == b"webhook" { "webhook" } else { "svix" };
            let tag = BASE64_STANDARD.encode(tag(&[id, b".", at.as_bytes(), b".", body]));
            headers.push((format!("{name}-id"), id.to_vec()));
            headers.push((format!("{name}-timestamp"), at.into_bytes()));
            headers.push((format!("{name}-signature"), format!("v1,{tag}").into_bytes()));
        }
    }
}
