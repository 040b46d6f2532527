//! What the stub saw: every request's head, and its body as far as it came.
//!
//! A head counts from the moment it is read, since the filter's promise is that not even the head
//! of an unverified request arrives. The list is bounded; the oldest requests go first.
//!
//! Each request has a number, and each change to the list a version, by which the page asks for
//! what is new.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::http::{StatusCode, request::Parts};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use tokio::sync::watch;

use crate::mark::Mark;

/// How many requests are remembered: more than a test looks at, little enough to list.
const MAX_REQUESTS: usize = 10_000;

/// How many bytes of heads and bodies are remembered, so that a load test does not exhaust memory.
const MAX_REMEMBERED_BYTES: usize = 64 * 1024 * 1024;

/// The header that an original carries which went on in shadow mode: the filter's verdict on it.
pub(crate) const SHADOW_VERDICT: &str = "x-junction-verdict";

/// The bounded list of requests.
pub(crate) struct Recorder {
    /// Tells this run of the stub from others: numbers and versions begin anew with each.
    run: u64,
    requests: Mutex<Requests>,
    /// The version of the list.
    version: watch::Sender<u64>,
}

/// Stands for one recorded request; harmless once the request is forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket(u64);

/// One request as `GET /requests` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SeenRequest {
    pub(crate) method: String,
    /// The request target as received, query included.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    /// What came of the body; null where that is not UTF-8.
    pub(crate) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body_base64: Option<String>,
    /// Whether the body came to its end.
    pub(crate) complete: bool,
    /// What the filter made of it, where it is an original that went on in shadow mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shadow_verdict: Option<String>,
}

/// One request with what the stub knows about it.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) id: Mark,
    /// Since 1970.
    pub(crate) received: Duration,
    /// The status that it was answered with, once it was.
    pub(crate) answered: Option<u16>,
    pub(crate) seen: SeenRequest,
}

/// What has changed since a version.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    /// The version that whoever has read these has reached.
    pub(crate) version: Mark,
    /// The number of the oldest request that is remembered, or of the next one.
    pub(crate) first: u64,
    /// In the order of their last changes.
    pub(crate) requests: Vec<Recorded>,
    /// Whether there are more.
    pub(crate) more: bool,
}

#[derive(Default)]
struct Requests {
    entries: VecDeque<Entry>,
    /// The ticket number of the first entry.
    first: u64,
    bytes: usize,
    /// How many changes there were.
    version: u64,
}

struct Entry {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    head_bytes: usize,
    body: Vec<u8>,
    complete: bool,
    received: Duration,
    answered: Option<u16>,
    /// The version of the list that its last change made.
    changed: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        let run = u64::try_from(since_1970().as_nanos()).unwrap_or(u64::MAX);
        Self { run, requests: Mutex::default(), version: watch::Sender::new(0) }
    }
}

impl Recorder {
    /// Records a request's head.
    pub(crate) fn open(&self, head: &Parts) -> Ticket {
        // Nothing the filter writes is other than ASCII; what a client smuggled in is still seen.
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let path = head.uri.to_string();
        let head_bytes = headers.iter().fold(path.len(), |sum, (name, value)| {
            sum.saturating_add(name.len()).saturating_add(value.len())
        });
        let entry = Entry {
            method: head.method.to_string(),
            path,
            headers,
            head_bytes,
            body: Vec::new(),
            complete: false,
            received: since_1970(),
            answered: None,
            changed: 0,
        };
        self.change(|requests| {
            let ticket = requests.push(entry);
            requests.touch(ticket);
            ticket
        })
    }

    /// Adds bytes to a request's body.
    pub(crate) fn append(&self, ticket: Ticket, bytes: &[u8]) {
        let mut requests = self.lock();
        if let Some(entry) = requests.entry(ticket) {
            entry.body.extend_from_slice(bytes);
            requests.bytes = requests.bytes.saturating_add(bytes.len());
            requests.forget_oldest();
        }
    }

    /// Notes that a request's body came to its end.
    pub(crate) fn complete(&self, ticket: Ticket) {
        self.change(|requests| {
            if let Some(entry) = requests.entry(ticket) {
                entry.complete = true;
                requests.touch(ticket);
            }
        });
    }

    /// Notes what a request was answered with.
    pub(crate) fn answer(&self, ticket: Ticket, status: StatusCode) {
        self.change(|requests| {
            if let Some(entry) = requests.entry(ticket) {
                entry.answered = Some(status.as_u16());
                requests.touch(ticket);
            }
        });
    }

    /// Forgets every request; one whose body is still coming stays forgotten.
    pub(crate) fn clear(&self) {
        self.change(|requests| {
            while requests.forget_one() {}
            requests.version = requests.version.saturating_add(1);
        });
    }

    /// The requests, oldest first.
    pub(crate) fn list(&self) -> Vec<SeenRequest> {
        self.lock().entries.iter().map(Entry::show).collect()
    }

    /// One request, while it is remembered.
    pub(crate) fn find(&self, id: Mark) -> Option<Recorded> {
        let mut requests = self.lock();
        let entry = requests.entry(Ticket(id.number)).filter(|_| id.run == self.run)?;
        Some(entry.record(id))
    }

    /// What has changed since a version: at most so many requests, and once so many bytes are
    /// reached no more. Another run's version, or none, is before everything.
    pub(crate) fn changes(
        &self,
        since: Option<Mark>,
        most_requests: usize,
        most_bytes: usize,
    ) -> Changes {
        let since = since.filter(|since| since.run == self.run).map_or(0, |since| since.number);
        let requests = self.lock();
        let mut changed: Vec<(u64, &Entry)> = (requests.first..)
            .zip(&requests.entries)
            .filter(|(_, entry)| entry.changed > since)
            .collect();
        changed.sort_unstable_by_key(|(_, entry)| entry.changed);
        let mut bytes = 0_usize;
        let mut version = since;
        let mut taken = Vec::new();
        for (number, entry) in changed.iter().take(most_requests) {
            if bytes >= most_bytes {
                break;
            }
            bytes = bytes.saturating_add(entry.bytes());
            version = entry.changed;
            taken.push(entry.record(Mark { run: self.run, number: *number }));
        }
        let more = taken.len() < changed.len();
        let version = if more { version } else { requests.version };
        Changes {
            version: Mark { run: self.run, number: version },
            first: requests.first,
            requests: taken,
            more,
        }
    }

    /// Follows the version of the list.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Changes the list, and tells whoever follows it.
    fn change<T>(&self, change: impl FnOnce(&mut Requests) -> T) -> T {
        let mut requests = self.lock();
        let result = change(&mut requests);
        self.version.send_replace(requests.version);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Requests {
    fn push(&mut self, entry: Entry) -> Ticket {
        self.bytes = self.bytes.saturating_add(entry.bytes());
        self.entries.push_back(entry);
        self.forget_oldest();
        let after = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        Ticket(self.first.saturating_add(after).saturating_sub(1))
    }

    fn entry(&mut self, ticket: Ticket) -> Option<&mut Entry> {
        let index = usize::try_from(ticket.0.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(index)
    }

    /// Makes a new version of the list, by a change of this request.
    fn touch(&mut self, ticket: Ticket) {
        let version = self.version.saturating_add(1);
        self.version = version;
        if let Some(entry) = self.entry(ticket) {
            entry.changed = version;
        }
    }

    fn forget_oldest(&mut self) {
        while self.entries.len() > MAX_REQUESTS || self.bytes > MAX_REMEMBERED_BYTES {
            if !self.forget_one() {
                return;
            }
        }
    }

    fn forget_one(&mut self) -> bool {
        let Some(entry) = self.entries.pop_front() else {
            return false;
        };
        self.first = self.first.saturating_add(1);
        self.bytes = self.bytes.saturating_sub(entry.bytes());
        true
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.head_bytes.saturating_add(self.body.len())
    }

    fn record(&self, id: Mark) -> Recorded {
        Recorded { id, received: self.received, answered: self.answered, seen: self.show() }
    }

    fn show(&self) -> SeenRequest {
        let body = str::from_utf8(&self.body).ok().map(str::to_owned);
        let body_base64 = body.is_none().then(|| BASE64_STANDARD.encode(&self.body));
        SeenRequest {
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            body,
            body_base64,
            complete: self.complete,
            shadow_verdict: self
                .headers
                .iter()
                .find_map(|(name, value)| (name == SHADOW_VERDICT).then(|| value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn head(path: &str) -> Parts {
        Request::builder().uri(path).body(()).unwrap().into_parts().0
    }

    fn paths(recorder: &Recorder) -> Vec<String> {
        recorder.list().into_iter().map(|seen| seen.path).collect()
    }

    #[test]
    fn forgets_the_oldest_past_the_number_of_requests() {
        let recorder = Recorder::default();
        for index in 0..MAX_REQUESTS {
            recorder.open(&head(&format!("/{index}")));
        }
        assert_eq!(paths(&recorder).len(), MAX_REQUESTS);
        assert_eq!(paths(&recorder)[0], "/0");

        recorder.open(&head("/last"));
        assert_eq!(paths(&recorder).len(), MAX_REQUESTS);
        assert_eq!(paths(&recorder)[0], "/1");
        assert_eq!(paths(&recorder)[MAX_REQUESTS - 1], "/last");
    }

    #[test]
    fn forgets_the_oldest_past_the_number_of_bytes() {
        let recorder = Recorder::default();
        let half = vec![b'a'; MAX_REMEMBERED_BYTES / 2 - 2];
        let first = recorder.open(&head("/1"));
        recorder.append(first, &half);
        let second = recorder.open(&head("/2"));
        recorder.append(second, &half);
        assert_eq!(paths(&recorder), ["/1", "/2"], "exactly full");

        recorder.append(second, b"a");
        assert_eq!(paths(&recorder), ["/2"]);
        recorder.complete(first);
        assert!(!recorder.list()[0].complete, "a forgotten request's ticket names no other");
    }

    #[test]
    fn does_not_take_up_a_body_again_after_it_was_cleared() {
        let recorder = Recorder::default();
        let before = recorder.open(&head("/before"));
        recorder.clear();
        let after = recorder.open(&head("/after"));
        recorder.append(before, b"late");
        recorder.append(after, b"body");
        recorder.complete(before);

        let seen = recorder.list();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].path, "/after");
        assert_eq!(seen[0].body.as_deref(), Some("body"));
        assert!(!seen[0].complete);
    }
}
