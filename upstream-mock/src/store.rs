//! The database: events, their markers and orders, once per `event_id`.
//!
//! Everything that came as JSON is kept as its text, so that no number loses a digit. A webhook is
//! durable before it is answered: write-ahead log, synchronous writes, one transaction an event.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::{
    Connection, Result, Row, TransactionBehavior, params,
    types::{FromSql, FromSqlError, FromSqlResult, ValueRef},
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{Content, Event, Marker, Order};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS events (
        event_id TEXT PRIMARY KEY,
        event_type TEXT NOT NULL,
        received_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        event TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS markers (
        event_id TEXT NOT NULL REFERENCES events,
        position INTEGER NOT NULL,
        slug TEXT,
        name TEXT,
        value TEXT NOT NULL,
        unit TEXT,
        ucum TEXT,
        reference_range TEXT NOT NULL,
        interpretation TEXT NOT NULL,
        observed_at TEXT,
        notes TEXT,
        raw TEXT,
        extra TEXT,
        PRIMARY KEY (event_id, position)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS orders (
        event_id TEXT PRIMARY KEY REFERENCES events,
        order_id TEXT NOT NULL,
        status TEXT NOT NULL,
        cancellation_reason TEXT
    ) STRICT;
";

/// The open database; its calls block.
pub(crate) struct Store(Mutex<Connection>);

/// One row of `GET /events`.
#[derive(Debug, Serialize)]
pub(crate) struct EventRow {
    event_id: String,
    event_type: String,
    received_at: String,
    event: Json,
}

/// One row of `GET /markers`.
#[derive(Debug, Serialize)]
pub(crate) struct MarkerRow {
    event_id: String,
    position: u32,
    slug: Option<String>,
    name: Option<String>,
    value: Json,
    unit: Option<String>,
    ucum: Option<String>,
    reference_range: Json,
    interpretation: Json,
    observed_at: Option<String>,
    notes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<Json>,
}

/// One row of `GET /orders`.
#[derive(Debug, Serialize)]
pub(crate) struct OrderRow {
    event_id: String,
    order_id: String,
    status: String,
    cancellation_reason: Option<String>,
}

impl Store {
    /// Opens a file, or a database in memory.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Stores an event unless its id is known, and answers how many markers are new.
    pub(crate) fn insert(&self, event: &Event<'_>) -> Result<usize> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let new = transaction.execute(
            "INSERT INTO events (event_id, event_type, event) VALUES (?1, ?2, ?3)
             ON CONFLICT (event_id) DO NOTHING",
            params![event.id, event.kind, event.document],
        )?;
        if new == 0 {
            return Ok(0);
        }
        let ingested = match &event.content {
            Content::Markers(markers) => insert_markers(&transaction, &event.id, markers)?,
            Content::Order(order) => {
                insert_order(&transaction, &event.id, order)?;
                0
            }
            Content::Other => 0,
        };
        transaction.commit()?;
        Ok(ingested)
    }

    /// Every event, in order of arrival.
    pub(crate) fn events(&self) -> Result<Vec<EventRow>> {
        let sql = "SELECT event_id, event_type, received_at, event FROM events ORDER BY rowid";
        self.rows(sql, |row| {
            Ok(EventRow {
                event_id: row.get("event_id")?,
                event_type: row.get("event_type")?,
                received_at: row.get("received_at")?,
                event: row.get("event")?,
            })
        })
    }

    /// Every marker, in order of arrival.
    pub(crate) fn markers(&self) -> Result<Vec<MarkerRow>> {
        self.rows("SELECT * FROM markers ORDER BY rowid", |row| {
            Ok(MarkerRow {
                event_id: row.get("event_id")?,
                position: row.get("position")?,
                slug: row.get("slug")?,
                name: row.get("name")?,
                value: row.get("value")?,
                unit: row.get("unit")?,
                ucum: row.get("ucum")?,
                reference_range: row.get("reference_range")?,
                interpretation: row.get("interpretation")?,
                observed_at: row.get("observed_at")?,
                notes: row.get("notes")?,
                raw: row.get("raw")?,
                extra: row.get("extra")?,
            })
        })
    }

    /// Every order event's order, in order of arrival.
    pub(crate) fn orders(&self) -> Result<Vec<OrderRow>> {
        self.rows("SELECT * FROM orders ORDER BY rowid", |row| {
            Ok(OrderRow {
                event_id: row.get("event_id")?,
                order_id: row.get("order_id")?,
                status: row.get("status")?,
                cancellation_reason: row.get("cancellation_reason")?,
            })
        })
    }

    fn rows<T>(&self, sql: &str, read: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        self.lock().prepare(sql)?.query_map([], |row| read(row))?.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert_markers(
    connection: &Connection,
    event_id: &str,
    markers: &[Marker<'_>],
) -> Result<usize> {
    let mut insert = connection.prepare(
        "INSERT INTO markers (event_id, position, slug, name, value, unit, ucum, reference_range,
                              interpretation, observed_at, notes, raw, extra)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for (position, marker) in (0_u32..).zip(markers) {
        insert.execute(params![
            event_id,
            position,
            marker.slug,
            marker.name,
            marker.value,
            marker.unit,
            marker.ucum,
            marker.reference_range,
            marker.interpretation,
            marker.observed_at,
            marker.notes,
            marker.raw,
            marker.extra,
        ])?;
    }
    Ok(markers.len())
}

fn insert_order(connection: &Connection, event_id: &str, order: &Order) -> Result<()> {
    connection.execute(
        "INSERT INTO orders (event_id, order_id, status, cancellation_reason)
         VALUES (?1, ?2, ?3, ?4)",
        params![event_id, order.id, order.status, order.cancellation_reason],
    )?;
    Ok(())
}

/// A column that holds JSON text, shown as it was stored.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Json(Box<RawValue>);

impl FromSql for Json {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        RawValue::from_string(value.as_str()?.to_owned()).map(Self).map_err(FromSqlError::other)
    }
}
