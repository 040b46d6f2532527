//! What the stub saw: every request's head, and its body as far as it came.
//!
//! A head counts from the moment it is read, since the filter's promise is that not even the head
//! of an unverified request arrives. The list is bounded; the oldest requests go first.
//!
//! Each request has a number, and each change to the list a version, by which the page asks for
//! what is new.
//!
//! Whoever looks gets heads and whole bodies shared, not copied, and makes of them what it shows
//! without the lock, so that no number of lookers delays a webhook.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// One request as it was at a moment, sharing what the list holds of it.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    id: Mark,
    received: Duration,
    answered: Option<u16>,
    head: Arc<Head>,
    body: Arc<Vec<u8>>,
    complete: bool,
}

/// What has changed since a version.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    /// The version that whoever has read these has reached.
    pub(crate) version: Mark,
    /// The number of the oldest request that is remembered, or of the next one.
    pub(crate) first: u64,
    /// In the order of their last changes; a body that is still coming is left out.
    pub(crate) requests: Vec<Snapshot>,
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
    /// The number of the request that each version changed last, so that what is new is found
    /// without a look at all the others.
    by_change: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Head {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

struct Entry {
    head: Arc<Head>,
    head_bytes: usize,
    /// Only a look at a body that is still coming makes what comes next copy it, once.
    body: Arc<Vec<u8>>,
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
            head: Arc::new(Head { method: head.method.to_string(), path, headers }),
            head_bytes,
            body: Arc::default(),
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
            Arc::make_mut(&mut entry.body).extend_from_slice(bytes);
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
        let snapshots: Vec<Snapshot> = {
            let requests = self.lock();
            let numbered = (requests.first..).zip(&requests.entries);
            numbered.map(|(number, entry)| entry.snapshot(self.mark(number))).collect()
        };
        snapshots.iter().map(Snapshot::show).collect()
    }

    /// One request, while it is remembered.
    pub(crate) fn find(&self, id: Mark) -> Option<Recorded> {
        Some(self.look(id)?.record())
    }

    fn look(&self, id: Mark) -> Option<Snapshot> {
        let mut requests = self.lock();
        let entry = requests.entry(Ticket(id.number)).filter(|_| id.run == self.run)?;
        Some(entry.snapshot(id))
    }

    fn mark(&self, number: u64) -> Mark {
        Mark { run: self.run, number }
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
        let mut requests = self.lock();
        let changed: Vec<(u64, u64)> = requests
            .by_change
            .range((Bound::Excluded(since), Bound::Unbounded))
            .map(|(version, number)| (*version, *number))
            .take(most_requests.saturating_add(1))
            .collect();
        let mut bytes = 0_usize;
        let mut version = since;
        let mut taken = Vec::new();
        for (change, number) in changed.iter().take(most_requests) {
            if bytes >= most_bytes {
                break;
            }
            // Whatever is forgotten is gone from both.
            let Some(entry) = requests.entry(Ticket(*number)) else { continue };
            bytes = bytes.saturating_add(entry.bytes());
            version = *change;
            let mut snapshot = entry.snapshot(self.mark(*number));
            if !entry.complete {
                snapshot.body = Arc::default();
            }
            taken.push(snapshot);
        }
        let more = taken.len() < changed.len();
        let version = if more { version } else { requests.version };
        Changes { version: self.mark(version), first: requests.first, requests: taken, more }
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
            let before = mem::replace(&mut entry.changed, version);
            self.by_change.remove(&before);
            self.by_change.insert(version, ticket.0);
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
        self.by_change.remove(&entry.changed);
        self.first = self.first.saturating_add(1);
        self.bytes = self.bytes.saturating_sub(entry.bytes());
        true
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.head_bytes.saturating_add(self.body.len())
    }

    fn snapshot(&self, id: Mark) -> Snapshot {
        Snapshot {
            id,
            received: self.received,
            answered: self.answered,
            head: Arc::clone(&self.head),
            body: Arc::clone(&self.body),
            complete: self.complete,
        }
    }
}

impl Snapshot {
    /// Copies what is shown of it.
    pub(crate) fn record(&self) -> Recorded {
        let Self { id, received, answered, .. } = *self;
        Recorded { id, received, answered, seen: self.show() }
    }

    fn show(&self) -> SeenRequest {
        let Head { method, path, headers } = &*self.head;
        let body = str::from_utf8(&self.body).ok().map(str::to_owned);
        let body_base64 = body.is_none().then(|| BASE64_STANDARD.encode(&*self.body));
        let verdict = headers.iter().find(|(name, _)| name == SHADOW_VERDICT);
        SeenRequest {
            method: method.clone(),
            path: path.clone(),
            headers: headers.clone(),
            body,
            body_base64,
            complete: self.complete,
            shadow_verdict: verdict.map(|(_, value)| value.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
