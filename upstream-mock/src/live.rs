//! `GET /live`: what came, as server-sent events, from wherever the reader left off.
//!
//! Each event's id is the version of the list that the reader has reached with it, so a browser
//! that lost its connection misses nothing: it sends the last one again as `last-event-id`.

use std::{convert::Infallible, time::Duration};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use serde::Serialize;
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Interval, MissedTickBehavior, interval, sleep},
};

use crate::{Stub, envoy::Said, mark::Mark, row::Row};

/// How many rows one event has at most, and once it has so many bytes of requests no more: what a
/// browser takes up without a pause that one notices.
const MAX_ROWS: usize = 500;
const MAX_BYTES: usize = 4 * 1024 * 1024;

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

/// Answers with events for as long as the reader listens and the stub runs.
pub(crate) fn stream(
    stub: Stub,
    since: Option<Mark>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut clock = interval(ASK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut changed = stub.0.recorder.follow();
    // The reader has not seen what is there already.
    changed.mark_changed();
    let stopping = stub.0.stopping.subscribe();
    let reader = Reader { stub, since, changed, stopping, clock, said: None };
    let events = unfold(reader, async |mut reader| {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// One open page.
struct Reader {
    stub: Stub,
    /// What it has seen.
    since: Option<Mark>,
    changed: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    clock: Interval,
    /// What Envoy said last.
    said: Option<Said>,
}

impl Reader {
    /// The next event; none once the stub stops.
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
        sleep(GATHER).await;
        self.changed.borrow_and_update();
        let (stub, since) = (self.stub.clone(), self.since);
        let (version, message) = spawn_blocking(move || {
            let changes = stub.0.recorder.changes(since, MAX_ROWS, MAX_BYTES);
            let message = Message {
                first: Mark { run: changes.version.run, number: changes.first },
                rows: changes.requests.iter().map(Row::of).collect(),
                more: changes.more,
            };
            (changes.version, message)
        })
        .await
        .ok()?;
        self.since = Some(version);
        if message.more {
            self.changed.mark_changed();
        }
        let event = Event::default().event("requests").id(version.to_string()).retry(RETRY);
        event.json_data(message).ok()
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
