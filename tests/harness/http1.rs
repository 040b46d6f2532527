//! HTTP/1.1 by hand: a test decides on every byte and on when it is sent.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::{Answer, DEADLINE, Request};

/// One connection.
pub struct Wire(TcpStream);

impl Wire {
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
    pub fn try_answer(self) -> std::io::Result<Answer> {
        let mut reader = BufReader::new(self.0);
        let mut status = read_line(&mut reader)?;
        while status.starts_with("HTTP/1.1 100") {
            while !read_line(&mut reader)?.is_empty() {}
            status = read_line(&mut reader)?;
        }
        let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let code = code.ok_or_else(|| std::io::Error::other(format!("not HTTP: {status:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = read_line(&mut reader)?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status: code, headers, body: Vec::new() };
        let chunked = answer.header("transfer-encoding") == Some("chunked");
        let length = answer.header("content-length").map(|length| length.parse().unwrap());
        match length {
            _ if chunked => read_chunks(&mut reader, &mut answer.body)?,
            Some(length) => {
                answer.body.resize(length, 0);
                reader.read_exact(&mut answer.body)?;
            }
            None => {
                reader.read_to_end(&mut answer.body)?;
            }
        }
        Ok(answer)
    }
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    line.truncate(line.trim_end().len());
    Ok(line)
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> std::io::Result<()> {
    loop {
        let size = usize::from_str_radix(&read_line(reader)?, 16).map_err(std::io::Error::other)?;
        let start = body.len();
        body.resize(start.checked_add(size).unwrap(), 0);
        reader.read_exact(&mut body[start..])?;
        read_line(reader)?;
        if size == 0 {
            return Ok(());
        }
    }
}
