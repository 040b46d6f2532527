//! HTTP/2 by hand, for heads that no client library would send.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// Sends one request and waits until the other side has ended it, whichever way.
pub(crate) fn send(address: SocketAddr, headers: &[(&[u8], &[u8])], body: &[u8]) {
    send_in_frames(address, headers, body, body.len().max(1));
}

/// The same, with so many bytes of the body in a frame.
pub(crate) fn send_in_frames(
    address: SocketAddr,
    headers: &[(&[u8], &[u8])],
    body: &[u8],
    frame: usize,
) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut block = Vec::new();
    for (name, value) in headers {
        // A literal without indexing (RFC 7541, section 6.2.2), not compressed.
        block.push(0);
        push_string(&mut block, name);
        push_string(&mut block, value);
    }
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    push_frame(&mut bytes, 4, 0, 0, b"");
    let ends = if body.is_empty() { END_STREAM } else { 0 };
    push_frame(&mut bytes, HEADERS, END_HEADERS | ends, 1, &block);
    let mut rest = body;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(frame.min(rest.len()));
        push_frame(&mut bytes, DATA, if after.is_empty() { END_STREAM } else { 0 }, 1, part);
        rest = after;
    }
    // The other side may hang up at any byte.
    let _ = stream.write_all(&bytes);
    let mut head = [0; 9];
    while stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        if stream.read_exact(&mut payload).is_err() {
            return;
        }
        let ends = matches!(head[3], HEADERS | DATA) && head[4] & END_STREAM != 0;
        if ends || matches!(head[3], RST_STREAM | GOAWAY) {
            return;
        }
    }
}

fn push_frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    bytes.extend_from_slice(&length[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
}

/// A string with its length in a 7-bit prefix (RFC 7541, section 5.1).
fn push_string(block: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text.len();
    if rest < 127 {
        block.push(u8::try_from(rest).unwrap());
    } else {
        block.push(127);
        rest -= 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128 + 128).unwrap());
            rest /= 128;
        }
        block.push(u8::try_from(rest).unwrap());
    }
    block.extend_from_slice(text);
}
