//! Answers over HTTP/1, from the bytes of a connection (RFC 9112).

use std::{
    borrow::Cow,
    io::{self, Error, ErrorKind, Read},
    ops::Range,
};

use httparse::{EMPTY_HEADER, Status};

/// More fields than any answer here has.
const MAX_FIELDS: usize = 64;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 16 << 10;

/// A whole answer, in the bytes that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'b> {
    /// Of the final answer: one that comes before it (RFC 9110, section 15.2) is passed over.
    pub status: u16,
    /// Name and value, in order and as they were spelled.
    pub fields: Vec<(&'b str, &'b [u8])>,
    /// Out of its chunks, where it came in some.
    pub body: Cow<'b, [u8]>,
    /// How many of the bytes it took.
    pub bytes: usize,
    /// Another request may follow on this connection.
    pub keeps_open: bool,
}

impl<'b> Answer<'b> {
    /// Reads the first answer in these bytes; `None` while there is more of it to come. `ended`
    /// says that no more will come, where some bodies end.
    ///
    /// # Errors
    ///
    /// Where this is no HTTP/1, or `ended` within an answer.
    pub fn parse(received: &'b [u8], ended: bool) -> io::Result<Option<Self>> {
        let answer = parse(received, ended)?;
        if answer.is_none() && ended {
            let error = "the connection ended within an answer";
            return Err(Error::new(ErrorKind::UnexpectedEof, error));
        }
        Ok(answer)
    }
}

/// Reads one answer from a connection; `received` has what came behind the answer before, and is
/// where this one lies.
///
/// # Errors
///
/// Where the connection fails, and as [`Answer::parse`].
pub fn read<'b>(stream: &mut impl Read, received: &'b mut Vec<u8>) -> io::Result<Answer<'b>> {
    while parse(received, false)?.is_none() {
        let start = received.len();
        received.resize(start.saturating_add(READ_BYTES), 0);
        let read = match stream.read(received.get_mut(start..).unwrap_or_default()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                received.truncate(start);
                continue;
            }
            read => read,
        };
        received.truncate(start.saturating_add(*read.as_ref().unwrap_or(&0)));
        if read? == 0 {
            break;
        }
    }
    let answer = Answer::parse(received, true)?;
    answer.ok_or_else(|| Error::other("an answer is there or in error"))
}

fn parse(received: &[u8], ended: bool) -> io::Result<Option<Answer<'_>>> {
    let mut head_start = 0;
    loop {
        let rest = received.get(head_start..).unwrap_or_default();
        let mut fields = [EMPTY_HEADER; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        let Status::Complete(head_bytes) = head.parse(rest).map_err(Error::other)? else {
            return Ok(None);
        };
        let body_start = head_start.saturating_add(head_bytes);
        let status = head.code.unwrap_or_default();
        // 101 is final: what follows is another protocol.
        if (100..200).contains(&status) && status != 101 {
            head_start = body_start;
            continue;
        }
        let version = head.version;
        let fields: Vec<_> = head.headers.iter().map(|own| (own.name, own.value)).collect();
        let framing = Framing::of(status, &fields)?;
        let Some((body, bytes)) = framing.read(received, body_start, ended)? else {
            return Ok(None);
        };
        let closes = values(&fields, "connection").any(|own| own.eq_ignore_ascii_case(b"close"));
        let keeps_open = version == Some(1) && !closes && framing != Framing::ToTheEnd;
        return Ok(Some(Answer { status, fields, body, bytes, keeps_open }));
    }
}

/// What ends a body (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunks,
    ToTheEnd,
}

impl Framing {
    fn of(status: u16, fields: &[(&str, &[u8])]) -> io::Result<Self> {
        if matches!(status, 101 | 204 | 304) {
            return Ok(Self::Length(0));
        }
        if values(fields, "transfer-encoding").any(|own| own.eq_ignore_ascii_case(b"chunked")) {
            return Ok(Self::Chunks);
        }
        let Some(length) = values(fields, "content-length").next() else {
            return Ok(Self::ToTheEnd);
        };
        let length = str::from_utf8(length).ok().and_then(|length| length.parse().ok());
        length
            .map(Self::Length)
            .ok_or_else(|| Error::other("a content-length that is not a number"))
    }

    /// The body, and where it ends; `None` while there is more of it to come.
    fn read(
        self,
        received: &[u8],
        start: usize,
        ended: bool,
    ) -> io::Result<Option<(Cow<'_, [u8]>, usize)>> {
        match self {
            Self::Length(length) => {
                let end = start.saturating_add(length);
                Ok(received.get(start..end).map(|body| (body.into(), end)))
            }
            Self::Chunks => {
                let Some((chunks, end)) = chunks(received, start)? else {
                    return Ok(None);
                };
                let data = |chunk| received.get::<Range<usize>>(chunk).unwrap_or_default();
                let body: Vec<&[u8]> = chunks.into_iter().map(data).collect();
                Ok(Some((body.concat().into(), end)))
            }
            Self::ToTheEnd => Ok(received
                .get(start..)
                .filter(|_| ended)
                .map(|body| (body.into(), received.len()))),
        }
    }
}

/// Where the chunks' data are, and where the trailers end (RFC 9112, section 7.1).
fn chunks(received: &[u8], start: usize) -> io::Result<Option<(Vec<Range<usize>>, usize)>> {
    let mut chunks = Vec::new();
    let mut at = start;
    loop {
        let rest = received.get(at..).unwrap_or_default();
        let size =
            httparse::parse_chunk_size(rest).map_err(|_| Error::other("a chunk without a size"))?;
        let Status::Complete((line_bytes, size)) = size else {
            return Ok(None);
        };
        let data = at.saturating_add(line_bytes);
        if size == 0 {
            let trailers = received.get(data..).unwrap_or_default();
            let mut fields = [EMPTY_HEADER; MAX_FIELDS];
            let trailers = httparse::parse_headers(trailers, &mut fields).map_err(Error::other)?;
            let Status::Complete((trailer_bytes, _)) = trailers else {
                return Ok(None);
            };
            return Ok(Some((chunks, data.saturating_add(trailer_bytes))));
        }
        let end = data.saturating_add(usize::try_from(size).map_err(Error::other)?);
        at = end.saturating_add(2);
        match received.get(end..at) {
            Some(b"\r\n") => chunks.push(data..end),
            Some(_) => return Err(Error::other("a chunk longer than its size")),
            None => return Ok(None),
        }
    }
}

/// Every value of a field, in order.
fn values<'a, 'b: 'a>(
    fields: &'a [(&'b str, &'b [u8])],
    name: &'a str,
) -> impl Iterator<Item = &'b [u8]> + 'a {
    let own = fields.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
    own.map(|(_, value)| *value)
}

#[cfg(test)]
mod tests;
