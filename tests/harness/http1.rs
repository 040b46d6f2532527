//! HTTP/1.1 by hand: a test decides on every byte and on when it is sent.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
};

use loopback::http1;

use crate::{Answer, DEADLINE, Request};

/// One connection.
pub struct Wire(TcpStream);

impl Wire {
    /// Opens a connection that fails where nothing happens for long.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Sends bytes; false where the other side has hung up, which after an early answer is right.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends a request's head with `framing` as its last header.
    pub fn write_head(&mut self, request: &Request, framing: &str) -> bool {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: webhooks.test\r\n", request.method, request.target());
        for (name, value) in &request.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        self.write(format!("{head}{framing}\r\nconnection: close\r\n\r\n"))
    }

    /// Sends one chunk of a chunked body.
    pub fn write_chunk(&mut self, data: &[u8]) -> bool {
        self.write(format!("{:x}\r\n", data.len())) && self.write(data) && self.write("\r\n")
    }

    /// Sends the last chunk and the trailers.
    pub fn write_end(&mut self, trailers: &[(&str, &str)]) -> bool {
        let mut lines = String::new();
        for (name, value) in trailers {
            lines.extend([name, ": ", value, "\r\n"]);
        }
        self.write(format!("0\r\n{lines}\r\n"))
    }

    /// Sends a request whole, with a content-length unless the request has one of its own.
    pub fn send(&mut self, request: &Request) -> bool {
        let declares = request.headers.iter().any(|(name, _)| name == "content-length");
        let framing = if declares {
            "x-framing: as given".to_owned()
        } else {
            format!("content-length: {}", request.body.len())
        };
        self.write_head(request, &framing) && self.write(&request.body)
    }

    /// Reads the answer.
    pub fn answer(self) -> Answer {
        self.try_answer().unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Reads the answer, or says why there is none.
    pub fn try_answer(mut self) -> std::io::Result<Answer> {
        let mut received = Vec::new();
        let answer = http1::read(&mut self.0, &mut received)?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = answer.fields.iter();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), text(value)));
        Ok(Answer {
            status: answer.status,
            headers: headers.collect(),
            body: answer.body.into_owned(),
        })
    }
}
