//! Each form of a capture gives the request that came; what is missing of one is said.

use proptest::prelude::*;

use super::*;

fn read_as(text: &[u8]) -> Capture {
    read(text, None, None).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &[u8], index: Option<usize>) -> String {
    read(text, None, index).err().unwrap_or_default()
}

fn headers(capture: &Capture) -> Vec<(&str, &str)> {
    let headers = capture.headers.iter();
    headers.map(|(name, value)| (name.as_str(), str::from_utf8(value).unwrap())).collect()
}

const HEAD: [(&str, &str); 4] = [
    (":method", "POST"),
    (":path", "/hook?a=1"),
    (":authority", "example.com"),
    ("svix-id", "msg_1"),
];

#[test]
fn reads_a_request_with_either_line_end() {
    let text =
        b"POST /hook?a=1 HTTP/1.1\r\nHost: example.com\r\nSvix-Id: msg_1\r\n\r\n{\"a\":\r\n1}\n";
    let capture = read_as(text);
    assert_eq!(headers(&capture), HEAD);
    assert_eq!(capture.body, b"{\"a\":\r\n1}\n");
    assert_eq!(capture.missing, None);

    let capture = read_as(b"POST /hook?a=1 HTTP/2\nHost: example.com\nSvix-Id: msg_1\n\nbody");
    assert_eq!(headers(&capture), HEAD);
    assert_eq!(capture.body, b"body");
    let capture =
        read_as(b"POST http://example.com/hook?a=1 HTTP/1.1\nhost: other\nsvix-id: msg_1\n\n");
    assert_eq!(headers(&capture), HEAD);
}

#[test]
fn takes_the_path_out_of_a_whole_url_in_any_spelling_of_its_scheme() {
    for scheme in ["http", "HTTP", "Http", "https", "HTTPS"] {
        let text = format!("POST {scheme}://example.com/hook?a=1 HTTP/1.1\nsvix-id: msg_1\n\n");
        assert_eq!(headers(&read_as(text.as_bytes())), HEAD, "{scheme}");
    }
    let other = read_as(b"POST ftp://example.com/hook HTTP/1.1\nhost: a\n\n");
    assert_eq!(headers(&other)[1], (":path", "ftp://example.com/hook"));
}

#[test]
fn holds_a_body_against_its_declared_length() {
    let with = |rest: &str| {
        read_as(format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n{rest}").as_bytes())
    };
    for (rest, body, is_whole, notes) in
        [("body", "body", true, 0), ("body\n", "body", true, 1), ("bod", "bod", false, 0)]
    {
        let capture = with(rest);
        assert_eq!(capture.body, body.as_bytes(), "{rest:?}");
        assert_eq!(capture.missing.is_none(), is_whole, "{rest:?}");
        assert_eq!(capture.notes.len(), notes, "{rest:?}");
    }
    let missing = "content-length says 4 bytes, and the capture has 3 of them";
    assert_eq!(with("bod").missing.as_deref(), Some(missing));
}

#[test]
fn has_the_headers_that_envoy_gives_its_filters() {
    for (sent, expected) in [
        ("content-type: a/b\ncontent-type: a/b", vec![("content-type", "a/b,a/b")]),
        ("content-type: a/b\ncontent-type:", vec![("content-type", "a/b")]),
        ("content-type:\ncontent-type: a/b", vec![("content-type", "a/b")]),
        ("svix-id: 1\nsvix-id: 1", vec![("svix-id", "1"), ("svix-id", "1")]),
        ("svix-id: 1\nconnection: close, Svix-Id", vec![("connection", "close, Svix-Id")]),
    ] {
        let capture = read_as(format!("POST / HTTP/1.1\n{sent}\n\n").as_bytes());
        assert_eq!(headers(&capture).get(2..).unwrap(), expected, "{sent}");
    }
}

#[test]
fn refuses_a_head_that_tells_the_bodys_length_in_two_ways() {
    let (length, chunked) = ("content-length: 0\n", "transfer-encoding: chunked\n");
    for (first, second) in [(length, length), (length, chunked), (chunked, chunked)] {
        let error = refusal(format!("POST / HTTP/1.1\n{first}{second}\n0\n\n").as_bytes(), None);
        assert!(error.starts_with("the head has more than one of"), "{error}");
    }
    for length in ["", "+0", "0x0", "0, 0", "none"] {
        let error =
            refusal(format!("POST / HTTP/1.1\ncontent-length: {length}\n\n").as_bytes(), None);
        assert!(error.starts_with("content-length is no number"), "{length}: {error}");
    }
}

#[test]
fn refuses_a_transfer_encoding_that_envoy_refuses() {
    for coding in ["gzip, chunked", "gzip", "identity", "", "xchunked"] {
        let head = format!("POST / HTTP/1.1\nhost: a\ntransfer-encoding: {coding}\n\n0\n\n");
        let error = refusal(head.as_bytes(), None);
        assert!(error.starts_with("transfer-encoding is not chunked alone"), "{coding}: {error}");
    }
    let read =
        read_as(b"POST / HTTP/1.1\nhost: a\ntransfer-encoding: Chunked \n\n1\r\na\r\n0\r\n\r\n");
    assert_eq!((read.body.as_slice(), read.notes.len()), (b"a".as_slice(), 0));
}

/// The word that each note ends with is the one that tells it from the others.
#[test]
fn notes_what_envoy_itself_may_refuse() {
    let host = "host: a\n";
    for (line, headers, ends) in [
        ("/hook HTTP/1.1", host, vec![]),
        ("/hook HTTP/2", host, vec![]),
        ("/hook HTTP/1.0", host, vec!["the request is HTTP/1.0"]),
        ("/hook HTTP/1.1", "", vec!["the request has no host"]),
        ("/hook HTTP/2", "", vec!["the request has no host"]),
        ("/hook HTTP/1.1", "host:\n", vec!["the request has no host"]),
        ("http://a/hook HTTP/1.1", "", vec![]),
        ("/hook#x HTTP/1.1", host, vec!["the path has a #"]),
        ("/hook HTTP/1.1", "host: a\nsvix_id: 1\nsvix-id: 1\n", vec!["svix_id has an underscore"]),
        (
            "/hook HTTP/1.1",
            "host: a\nsvix_id: 1\nx_y: 1\n",
            vec!["svix_id, x_y have an underscore"],
        ),
        (
            "/hook# HTTP/1.0",
            "x_y: 1\n",
            vec!["is HTTP/1.0", "no host", "x_y has an underscore", "the path has a #"],
        ),
    ] {
        let text = format!("POST {line}\n{headers}content-length: 0\n\n");
        let notes = read_as(text.as_bytes()).notes;
        assert_eq!(notes.len(), ends.len(), "{text:?}: {notes:?}");
        for (note, end) in notes.iter().zip(ends) {
            assert!(note.starts_with("Envoy itself refuses this before the filter"), "{note}");
            assert!(note.ends_with(end), "{note}");
        }
    }
    let har = r#"{"log":{"entries":[{"request":{"method":"POST","url":"https://a/#",
        "headers":[{"name":"x_y","value":"1"}]}}]}}"#;
    assert_eq!(read_as(har.as_bytes()).notes.len(), 2);
}

#[test]
fn notes_a_body_that_http_1_has_no_end_of() {
    for (version, body, is_noted) in
        [("1.1", "body", true), ("1.1", "", false), ("2", "body", false), ("3", "body", false)]
    {
        let capture = read_as(format!("POST / HTTP/{version}\nhost: a\n\n{body}").as_bytes());
        assert_eq!(capture.body, body.as_bytes());
        let is_told = |note: &String| note.contains("over HTTP/1 Envoy sees an empty body");
        assert_eq!(capture.notes.iter().any(is_told), is_noted, "{version} {body}");
        assert_eq!(capture.notes.len(), usize::from(is_noted), "{version} {body}");
    }
}

#[test]
fn puts_chunks_together() {
    let with = |rest: &str| {
        let text = format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{rest}");
        read(text.as_bytes(), None, None)
    };
    for (rest, body, is_whole) in [
        ("4\r\nbody\r\n3;x=y\r\nand\r\n0\r\n\r\n", "bodyand", true),
        ("4\r\nbody\r\n0\r\nTrailer: x\r\n\r\n", "body", true),
        ("0\r\n\r\n", "", true),
        ("4\r\nbody\r\n", "body", false),
        ("5\r\nbody", "body", false),
        ("", "", false),
        ("ffffffffffffffff\r\nbody", "body", false),
        ("4\r\nbody", "body", false),
        ("4\r\nbody\r", "body", false),
        ("4\r\nbody\n0\r\n\r\n", "body", true),
    ] {
        let capture = with(rest).unwrap();
        assert_eq!(capture.body, body.as_bytes(), "{rest:?}");
        assert_eq!(capture.missing.is_none(), is_whole, "{rest:?}");
    }
    for rest in ["4\r\nbody0\r\n\r\n", "3\r\nbody\r\n0\r\n\r\n", "4\r\nbody\r0\r\n\r\n"] {
        let error = with(rest).err().unwrap();
        let end = " bytes of it has no line end: Envoy itself refuses that, before the filter";
        assert!(error.ends_with(end), "{rest:?}: {error}");
    }
    let error = with("{\"a\":1}").err().unwrap();
    assert!(error.starts_with("the body is said to come in chunks, and after 0 bytes"), "{error}");
}

#[test]
fn reads_a_har_file() {
    let entry = |text: &str, more: &str| {
        format!(
            r#"{{"startedDateTime":"2024-11-15T21:12:03.500Z","request":{{"method":"POST",
            "url":"https://example.com/hook?a=1","httpVersion":"HTTP/2","headers":[
            {{"name":":method","value":"POST"}},{{"name":"svix-id","value":"msg_1"}}],
            "postData":{{"mimeType":"application/json","text":{text}{more}}},"bodySize":4}}}}"#
        )
    };
    let har = |entries: &[String]| {
        let entries = entries.join(",");
        format!("\u{feff}{{\"log\":{{\"version\":\"1.2\",\"entries\":[{entries}]}}}}").into_bytes()
    };
    let one = har(&[entry("\"body\"", "")]);
    let capture = read_as(&one);
    assert_eq!(headers(&capture), HEAD);
    assert_eq!(capture.body, b"body");
    assert_eq!(capture.received_at.unwrap().0, Duration::from_millis(1_731_705_123_500));
    assert_eq!((capture.source.as_str(), capture.notes.len()), ("the HAR file", 0));

    let two = har(&[entry("\"Ym9keQ==\"", r#","encoding":"base64""#), entry("\"b\\u00f6dy\"", "")]);
    assert_eq!(read_as(&two).body, "b\u{f6}dy".as_bytes());
    assert_eq!(read_as(&two).notes.len(), 1, "five bytes of four");
    let first = read(&two, None, Some(0)).unwrap();
    assert_eq!(first.body, b"body");
    assert_eq!(first.source, "the HAR file, --index 0 of 0 to 1");
    assert_eq!(refusal(&two, Some(2)), "the HAR file holds 2 requests: --index goes up to 1");
    assert_eq!(refusal(&har(&[]), None), "the HAR file holds no request");
}

#[test]
fn reads_a_buffered_tap_trace() {
    let with = |body: &str| {
        read_as(
            format!(
                r#"{{"http_buffered_trace":{{"request":{{"headers":[
                {{"key":":method","value":"POST","raw_value":""}},
                {{"key":":path","value":"/hook?a=1"}},
                {{"key":":authority","value":"example.com"}},
                {{"key":"svix-id","value":"","raw_value":"bXNnXzE="}}],
                "body":{body},"trailers":[],
                "headers_received_time":"2024-11-15T21:12:03.000000001Z"}},"response":{{}}}}}}"#
            )
            .as_bytes(),
        )
    };
    let capture = with(r#"{"truncated":false,"as_bytes":"Ym9k/w=="}"#);
    assert_eq!(headers(&capture), HEAD);
    assert_eq!(capture.body, b"bod\xff");
    assert_eq!(capture.received_at.unwrap().0, Duration::new(1_731_705_123, 1));
    assert_eq!((capture.missing, capture.notes.len()), (None, 0));
    let capture = with(r#"{"as_string":"body"}"#);
    assert_eq!((capture.body.as_slice(), capture.notes.len()), (b"body".as_slice(), 1));
    let capture = with(r#"{"truncated":true,"as_bytes":"Ym9keQ=="}"#);
    assert!(capture.missing.unwrap().starts_with("the tap filter cut the body after 4 bytes"));
    assert_eq!(with("null").body, b"");
}

/// Envoy reads no more of a request that the filter has answered, and says nothing of that.
#[test]
fn tells_what_envoy_did_not_read_of_a_body() {
    let with = |header: &str, value: &str, body: &str| {
        let text = format!(
            r#"{{"http_buffered_trace":{{"request":{{"headers":[{{"key":":method","value":"POST"}},
            {{"key":"{header}","value":"{value}"}}],"body":{{"as_bytes":"{body}"}}}}}}}}"#
        );
        read(text.as_bytes(), None, None).map(|capture| capture.missing)
    };
    let missing = with("content-length", "5", "Ym9keQ==").unwrap().unwrap();
    assert!(missing.starts_with("the tap trace has 4 of the body's 5 bytes"), "{missing}");
    let missing = with("transfer-encoding", "chunked", "").unwrap().unwrap();
    assert!(missing.starts_with("the tap trace has nothing of the body"), "{missing}");
    assert_eq!(with("content-length", "4", "Ym9keQ=="), Ok(None));
    assert_eq!(with("transfer-encoding", "chunked", "Ym9keQ=="), Ok(None));
    assert_eq!(with("x", "", ""), Ok(None));
    let error = with("x-junction-verified-by", "svix", "Ym9keQ==").unwrap_err();
    assert!(error.contains("so this request was accepted"), "{error}");
}

#[test]
fn puts_a_streamed_tap_trace_together() {
    let segment = |id: &str, part: &str| {
        format!(r#"{{"http_streamed_trace_segment":{{"trace_id":"{id}",{part}}}}}"#)
    };
    let head = |id: &str| {
        let path = format!("/{id}");
        segment(
            id,
            &format!(
                r#""request_headers":{{"headers":[{{"key":":method","value":"POST"}},
                {{"key":":path","value":"{path}"}}]}}"#
            ),
        )
    };
    let chunk = |id: &str, bytes: &str| {
        segment(id, &format!(r#""request_body_chunk":{{"as_bytes":"{bytes}"}}"#))
    };
    let parts =
        [head("1"), chunk("1", "Ym8="), head("2"), chunk("1", "ZHk="), chunk("2", "b3RoZXI=")];
    let streamed = parts.join("\n");
    let array = format!("[{}]", parts.join(","));
    for text in [streamed, array] {
        let first = read(text.as_bytes(), None, Some(0)).unwrap();
        assert_eq!(first.body, b"body");
        assert_eq!(headers(&first)[1], (":path", "/1"));
        assert_eq!(read_as(text.as_bytes()).body, b"other");
    }
    let headless = chunk("1", "Ym8=");
    assert_eq!(refusal(headless.as_bytes(), None), "the tap trace has no request headers");
}

#[test]
fn reads_what_the_stub_remembers() {
    let entry = |path: &str, body: &str, more: &str| {
        format!(
            r#"{{"method":"POST","path":"{path}","headers":[["host","example.com"],
            ["svix-id","msg_1"]{more}],"body":{body},"complete":true,"shadow_verdict":"accept"}}"#
        )
    };
    let one = entry("/hook?a=1", "\"body\"", "");
    let list = format!("[{},{one}]", entry("/", "null,\"body_base64\":\"/w==\"", ""));
    for text in [&one, &list] {
        let capture = read_as(text.as_bytes());
        let mut expected = HEAD;
        expected.sort_unstable();
        let mut found = headers(&capture);
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(capture.body, b"body");
    }
    assert_eq!(read(list.as_bytes(), None, Some(0)).unwrap().body, b"\xff");
    let cut = one.replace("true", "false");
    let missing = read_as(cut.as_bytes()).missing;
    assert_eq!(missing.as_deref(), Some("the stub saw 4 bytes of the body, and not its end"));
    let forwarded = entry("/", "\"body\"", ",[\"x-junction-verified-by\",\"svix\"]");
    assert!(refusal(forwarded.as_bytes(), None).contains("that was accepted"));
    assert_eq!(refusal(b"[]", None), "the stub's list holds no request");
}

#[test]
fn says_what_a_file_is_not() {
    for (text, start) in [
        ("", "the capture's head does not end"),
        ("POST / HTTP/1.1\r\na: b\r\n", "the capture's head does not end"),
        ("POST /\r\n\r\n", "the capture is no HTTP/1 request"),
        ("{\"event_type\":\"order.completed\"}", "the capture is JSON, and neither"),
        ("{\"log\":{\"entries\":\"patient\"}}", "not a HAR file: another field or type is due"),
        ("{\"log\"", "the capture: not valid JSON at line 1 column 6"),
        ("\u{0}", "the capture is no HTTP/1 request"),
    ] {
        let error = refusal(text.as_bytes(), None);
        assert!(error.starts_with(start), "{text:?}: {error}");
        assert!(!error.contains("patient"), "{error}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for format in [None, Some(Format::Http), Some(Format::Har), Some(Format::Tap), Some(Format::Stub)] {
            let _ = read(&bytes, format, None);
        }
    }

    #[test]
    fn a_head_with_anything_behind_it_is_read_or_refused(
        value in "[ -~]{0,40}", rest in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        let head = format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nx: {value}\r\n\r\n");
        let _ = read(&[head.as_bytes(), &rest].concat(), None, None);
    }
}
