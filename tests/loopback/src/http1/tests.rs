//! Each answer comes in one piece, and then byte by byte.

use super::*;

/// What is read of these bytes, whichever way they come, up to where the answer ends.
fn read_all(bytes: &str) -> (u16, String, usize, bool) {
    let mut received = Vec::new();
    let owned = |answer: Answer<'_>| {
        let body = String::from_utf8(answer.body.into_owned()).unwrap();
        (answer.status, body, answer.bytes, answer.keeps_open)
    };
    let whole = owned(read(&mut bytes.as_bytes(), &mut received).unwrap());
    let mut received = Vec::new();
    assert_eq!(owned(read(&mut Dribble(bytes.as_bytes()), &mut received).unwrap()), whole);
    whole
}

/// Gives one byte at a time.
struct Dribble<'b>(&'b [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        buffer[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

fn refusal(bytes: &str) -> (ErrorKind, String) {
    let error = read(&mut bytes.as_bytes(), &mut Vec::new()).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn a_body_with_a_length_ends_there() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(read_all(answer), (200, "abc".to_owned(), answer.len(), true));
}

#[test]
fn what_follows_an_answer_is_left() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na";
    let mut received = Vec::new();
    let both = format!("{answer}HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    let first = read(&mut both.as_bytes(), &mut received).unwrap();
    assert_eq!((first.status, first.bytes), (200, answer.len()));
    received.drain(..answer.len());
    assert_eq!(read(&mut [].as_slice(), &mut received).unwrap().status, 503);
}

#[test]
fn a_chunked_body_is_put_together_and_its_trailers_are_passed_over() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                  3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\ngrpc-status: 0\r\n\r\n";
    assert_eq!(read_all(answer), (200, "abc0123456789".to_owned(), answer.len(), true));
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let answer = "HTTP/1.1 200 OK\r\n\r\nabc";
    assert_eq!(read_all(answer), (200, "abc".to_owned(), answer.len(), false));
}

#[test]
fn statuses_that_have_no_body_need_no_length() {
    for status in [204, 304] {
        let answer = format!("HTTP/1.1 {status} X\r\nx: y\r\n\r\n");
        assert_eq!(read_all(&answer), (status, String::new(), answer.len(), true));
    }
}

#[test]
fn answers_that_announce_another_are_passed_over() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
                  HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno";
    assert_eq!(read_all(answer), (401, "no".to_owned(), answer.len(), true));
}

#[test]
fn a_connection_ends_where_the_answer_says_so_or_its_version_does() {
    for (head, keeps_open) in [
        ("HTTP/1.1 200 OK\r\nconnection: keep-alive\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: Close\r\n", false),
        ("HTTP/1.0 200 OK\r\n", false),
    ] {
        let answer = format!("{head}content-length: 0\r\n\r\n");
        assert_eq!(read_all(&answer).3, keeps_open, "{head}");
    }
}

#[test]
fn fields_keep_their_order_and_their_spelling() {
    let bytes = b"HTTP/1.1 204 X\r\nVia: a\r\nx: y\r\nvia: b\r\n\r\n";
    let answer = Answer::parse(bytes, false).unwrap().unwrap();
    assert_eq!(answer.fields, [("Via", b"a".as_slice()), ("x", b"y"), ("via", b"b")]);
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    for bytes in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ] {
        let error = "the connection ended within an answer".to_owned();
        assert_eq!(refusal(bytes), (ErrorKind::UnexpectedEof, error), "{bytes:?}");
    }
}

#[test]
fn what_is_no_http_is_refused() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (bytes, error) in [
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "invalid HTTP version"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_owned(),
            "a content-length that is not a number",
        ),
        (format!("{chunked}x\r\n"), "a chunk without a size"),
        (format!("{chunked}1\r\nab\r\n"), "a chunk longer than its size"),
    ] {
        assert_eq!(refusal(&bytes), (ErrorKind::Other, error.to_owned()));
    }
}
