//! Reads `GET /live` as a browser does, without its connecting again.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Instant,
};

use serde_json::Value;

use crate::running::{PATIENCE, Running};

/// An open stream of server-sent events.
pub(crate) struct Stream(BufReader<TcpStream>);

/// One event of a stream.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Stream {
    /// Opens one at this target, with these lines among its headers.
    pub(crate) fn open(stub: &Running, target: &str, headers: &str) -> Self {
        let mut connection = TcpStream::connect(&stub.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = &stub.address;
        let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n");
        connection.write_all(request.as_bytes()).unwrap();
        let mut stream = Self(BufReader::new(connection));
        let head = stream.lines_to_a_blank_one().unwrap();
        assert!(head[0].starts_with("HTTP/1.1 200 "), "{head:?}");
        assert!(head.contains(&"content-type: text/event-stream".to_owned()), "{head:?}");
        stream
    }

    /// From the first event on.
    pub(crate) fn start(stub: &Running) -> Self {
        Self::open(stub, "/live", "")
    }

    /// The next event of this name; `None` once the stream has ended.
    pub(crate) fn next(&mut self, name: &str) -> Option<Event> {
        loop {
            let event = self.any()?;
            if event.name == name {
                return Some(event);
            }
        }
    }

    /// Reads until so many requests have been told of, a changed one anew; their rows, and the last
    /// event's id.
    pub(crate) fn rows(&mut self, settled: usize) -> (Vec<Value>, String) {
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let event = self.next("requests").unwrap();
            for row in event.data["rows"].as_array().unwrap() {
                rows.retain(|known| known["id"] != row["id"]);
                rows.push(row.clone());
            }
            let answered = rows.iter().filter(|row| !row["answered"].is_null()).count();
            if answered >= settled {
                assert_eq!((answered, rows.len()), (settled, settled), "{rows:?}");
                return (rows, event.id);
            }
        }
    }

    fn any(&mut self) -> Option<Event> {
        // Comments keep the connection alive for ever.
        let start = Instant::now();
        let mut event = Event { name: String::new(), id: String::new(), data: Value::Null };
        loop {
            assert!(start.elapsed() < PATIENCE, "nothing was told");
            for line in self.lines_to_a_blank_one()? {
                // Lengths of chunks have no colon; comments begin with one.
                match line.split_once(": ") {
                    Some(("event", name)) => name.clone_into(&mut event.name),
                    Some(("id", id)) => id.clone_into(&mut event.id),
                    Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                    _ => {}
                }
            }
            if !event.name.is_empty() {
                return Some(event);
            }
        }
    }

    fn lines_to_a_blank_one(&mut self) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if line.is_empty() {
                return Some(lines);
            }
            lines.push(line.to_owned());
        }
    }
}

/// The ids of all requests so far, in the order of their arrival.
pub(crate) fn ids(stub: &Running, settled: usize) -> Vec<String> {
    let (mut rows, _) = Stream::start(stub).rows(settled);
    let number = |row: &Value| -> u64 {
        row["id"].as_str().unwrap().split_once('-').unwrap().1.parse().unwrap()
    };
    rows.sort_by_key(number);
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}
