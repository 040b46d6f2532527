//! `GET /live`: what came, as server-sent events, from wherever the reader left off.
//!
//! Each event's id is the version of the list that the reader has reached with it, so a browser
//! that lost its connection misses nothing: it sends the last one again as `last-event-id`.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::spawn_blocking,
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use crate::{Stub, envoy::Said, mark::Mark, row::Row};

/// How many rows one event has at most, and once it has so many bytes of requests no more: what a
/// browser takes up without a pause that one notices.
const MAX_ROWS: usize = 200;
const MAX_BYTES: usize = 1024 * 1024;

/// How many read at once: more than a browser has connections to one address. Each keeps one event
/// at most while it does not read.
const MAX_READERS: usize = 16;

/// How many seconds whoever is beyond that is asked to wait.
pub(crate) const RETRY_AFTER_SECONDS: &str = "5";

/// How many events are made at once, whoever reads: the rest of the machine is for webhooks.
const MAX_MADE_AT_ONCE: usize = 1;

/// How long changes are gathered, so that a burst is one event, and a request that comes whole does
/// not come in pieces.
const GATHER: Duration = Duration::from_millis(80);

/// How often Envoy is asked.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// How soon a browser tries again; it has its own, longer time otherwise.
const RETRY: Duration = Duration::from_secs(1);

/// The data of an event `requests`.
#[derive(Serialize)]
struct Message {
    /// Numbers of requests below this one, or of another run, are no longer remembered.
    first: Mark,
    rows: Vec<Row>,
    /// Whether others follow at once.
    more: bool,
}

/// What bounds the work for all readers together.
pub(crate) struct Readers {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_READERS)),
            turns: Arc::new(Semaphore::new(MAX_MADE_AT_ONCE)),
        }
    }
}

/// Answers with events for as long as the reader listens and the stub runs; `None` where there are
/// as many readers as may be.
pub(crate) fn stream(
    stub: Stub,
    since: Option<Mark>,
) -> Option<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let place = Arc::clone(&stub.0.readers.places).try_acquire_owned().ok()?;
    let mut clock = interval(ASK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut changed = stub.0.recorder.follow();
    // The reader has not seen what is there already.
    changed.mark_changed();
    let stopping = stub.0.stopping.subscribe();
    let reader =
        Reader { stub, since, changed, more: false, stopping, clock, said: None, _place: place };
    let events = unfold(reader, async |mut reader| {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Some(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// One open page.
struct Reader {
    stub: Stub,
    /// What it has seen.
    since: Option<Mark>,
    changed: watch::Receiver<u64>,
    /// Whether there is more than the last event told.
    more: bool,
    stopping: watch::Receiver<bool>,
    clock: Interval,
    /// What Envoy said last.
    said: Option<Said>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// The next event; `None` once the stub stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let is_of_requests = tokio::select! {
                () = stopped(&mut self.stopping) => return None,
                changed = self.changed.changed() => {
                    changed.ok()?;
                    true
                }
                _ = self.clock.tick(), if self.stub.0.statistics.is_some() => false,
            };
            let event = if is_of_requests { self.requests().await } else { self.envoy().await };
            if event.is_some() {
                return event;
            }
        }
    }

    async fn requests(&mut self) -> Option<Event> {
        if !self.more {
            sleep(GATHER).await;
        }
        self.changed.borrow_and_update();
        let (stub, since) = (self.stub.clone(), self.since);
        // It ends with the work, not with a reader that is gone meanwhile.
        let turn = Arc::clone(&stub.0.readers.turns).acquire_owned().await.ok()?;
        let (version, more, event) = spawn_blocking(move || {
            let _turn = turn;
            let changes = stub.0.recorder.changes(since, MAX_ROWS, MAX_BYTES);
            let message = Message {
                first: Mark { run: changes.version.run, number: changes.first },
                rows: changes.requests.iter().map(|request| Row::of(&request.record())).collect(),
                more: changes.more,
            };
            let event = Event::default().event("requests").id(changes.version.to_string());
            (changes.version, changes.more, event.retry(RETRY).json_data(message).ok())
        })
        .await
        .ok()?;
        self.since = Some(version);
        self.more = more;
        if more {
            self.changed.mark_changed();
        }
        event
    }

    /// What Envoy says, where that is news.
    async fn envoy(&mut self) -> Option<Event> {
        let said = self.stub.0.statistics.as_ref()?.ask().await;
        if self.said.as_ref() == Some(&said) {
            return None;
        }
        let event = Event::default().event("envoy").json_data(&said).ok();
        self.said = Some(said);
        event
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error is a stub that is gone.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
