//! The stub's HTTP face: the webhook endpoint, the pages that show what came, and the layer that
//! records every request but those for the pages.

use std::{
    borrow::Cow,
    fmt,
    io::{self, Write},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, HOST, RETRY_AFTER},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    Stub, curl, door,
    event::{Event, documented},
    live, page,
    recorder::{Recorded, SHADOW_VERDICT, SeenRequest, Ticket},
    store::Store,
    tree::TooManyValues,
    view::{self, View},
};

/// The longest body taken: a document of 1 MiB, the filter's default limit, that is all tiny
/// markers becomes an event of over 20 MiB.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Every path of the stub.
pub(crate) fn router(stub: Stub) -> Router {
    let recorded = Router::new()
        .route("/v1/webhooks/junction", post(ingest))
        .fallback(async || Refusal::NOT_FOUND)
        .method_not_allowed_fallback(async || Refusal::METHOD_NOT_ALLOWED)
        // The recording layer has bounded the body already, and not at axum's 2 MB.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(stub.clone(), async |stub, request, next: Next| {
            record(stub, request, async |request| next.run(request).await).await
        }));
    let looks = Router::new()
        .route("/", get(async || page::answer()))
        .route("/live", get(follow))
        .route("/requests", get(show_requests).delete(clear_requests))
        .route("/requests/{id}", get(show_request))
        .route("/requests/{id}/view", get(view_request))
        .route("/requests/{id}/sent", get(rebuild_request))
        .route("/requests/{id}/curl", get(copy_request))
        .route("/events", get(async |State(stub)| show(stub, Store::events).await))
        .route("/markers", get(async |State(stub)| show(stub, Store::markers).await))
        .route("/orders", get(async |State(stub)| show(stub, Store::orders).await))
        .layer(from_fn_with_state(stub.clone(), guard));
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .merge(looks)
        .merge(recorded)
        .with_state(stub)
}

/// Shows what came to this machine alone, and keeps it private.
async fn guard(State(stub): State<Stub>, request: Request, next: Next) -> Response {
    if door::is_proxied(request.headers()) {
        // For whoever asks through Envoy, this is an upstream like any other, without such paths.
        let recorded = record(State(stub), request, async |_| Refusal::NOT_FOUND.into_response());
        return recorded.await;
    }
    if !door::names_this_machine(request.headers()) {
        return Refusal::FOREIGN_HOST.into_response();
    }
    let mut answer = next.run(request).await;
    for (name, value) in page::PRIVATE {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// The documented answer to a webhook.
#[derive(Serialize)]
struct Receipt {
    received: bool,
    event_type: String,
    ingested_count: usize,
}

/// The answer to an original of shadow mode, which is taken and not stored: nothing of it is
/// proven.
#[derive(Serialize)]
struct OriginalReceipt {
    received: bool,
    /// Where the original has a documented one: any other text is whatever its sender wrote.
    event_type: Option<&'static str>,
    ingested_count: usize,
    shadow_verdict: String,
}

impl OriginalReceipt {
    fn of(body: &[u8], verdict: &HeaderValue) -> Self {
        #[derive(Deserialize)]
        struct Original {
            event_type: String,
        }
        let original = serde_json::from_slice(body).ok();
        Self {
            received: true,
            event_type: original.and_then(|Original { event_type }| documented(&event_type)),
            ingested_count: 0,
            shadow_verdict: String::from_utf8_lossy(verdict.as_bytes()).into_owned(),
        }
    }
}

async fn ingest(
    State(stub): State<Stub>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let answer = if stub.0.faults.next_fails() {
        Err(Refusal::UNAVAILABLE)
    } else if let Some(verdict) = headers.get(SHADOW_VERDICT) {
        Ok(Json(OriginalReceipt::of(&body, verdict)).into_response())
    } else {
        let stub = stub.clone();
        let answer = blocking(move || store(&stub.0.store, &body)).await.flatten();
        answer.map(IntoResponse::into_response)
    };
    // After the commit: a caller that gives up early retries an event that is stored already, which
    // is the case worth trying.
    sleep(stub.0.faults.delay).await;
    answer
}

fn store(store: &Store, body: &[u8]) -> Result<Json<Receipt>, Refusal> {
    let event = Event::read(body).map_err(|violation| Refusal {
        status: StatusCode::BAD_REQUEST,
        error: "validation_error",
        message: format!("not a junction.event.v1: {violation}").into(),
    })?;
    let ingested_count = store.insert(&event).map_err(|error| internal(&error))?;
    Ok(Json(Receipt { received: true, event_type: event.kind, ingested_count }))
}

/// Where a reader of `/live` left off: a browser that connects again says so in a header, and the
/// page that has to start anew in the query.
#[derive(Deserialize)]
struct Since {
    since: Option<String>,
}

async fn follow(
    State(stub): State<Stub>,
    Query(Since { since }): Query<Since>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Response> {
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    // What is no version of this stub's is before everything.
    let since = last.or(since.as_deref()).and_then(|since| since.parse().ok());
    live::stream(stub, since).ok_or_else(|| {
        ([(RETRY_AFTER, live::RETRY_AFTER_SECONDS)], Refusal::TOO_MANY_READERS).into_response()
    })
}

async fn show_request(
    State(stub): State<Stub>,
    Path(id): Path<String>,
) -> Result<Json<SeenRequest>, Refusal> {
    Ok(Json(find(&stub, &id)?.seen))
}

async fn view_request(
    State(stub): State<Stub>,
    Path(id): Path<String>,
) -> Result<Json<View>, Refusal> {
    let request = find(&stub, &id)?;
    blocking(move || View::of(&request)).await.map(Json)
}

async fn rebuild_request(
    State(stub): State<Stub>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let request = find(&stub, &id)?;
    let sent = blocking(move || view::sent(&request)).await?;
    let sent = sent.map_err(|TooManyValues| Refusal::TOO_MANY_VALUES)?.ok_or(Refusal::NO_EVENT)?;
    Ok(([(CONTENT_TYPE, "application/json")], sent))
}

async fn copy_request(
    State(stub): State<Stub>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<String, Refusal> {
    // The guard has seen that it is there, and what it is.
    let authority = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Ok(curl::command(&find(&stub, &id)?, authority))
}

fn find(stub: &Stub, id: &str) -> Result<Recorded, Refusal> {
    let id = id.parse().map_err(|()| Refusal::NOT_FOUND)?;
    stub.0.recorder.find(id).ok_or(Refusal::FORGOTTEN)
}

async fn show_requests(State(stub): State<Stub>) -> Result<Json<Vec<SeenRequest>>, Refusal> {
    blocking(move || stub.0.recorder.list()).await.map(Json)
}

async fn clear_requests(State(stub): State<Stub>) -> StatusCode {
    stub.0.recorder.clear();
    StatusCode::NO_CONTENT
}

async fn show<T: Serialize + Send + 'static>(
    stub: Stub,
    read: fn(&Store) -> rusqlite::Result<T>,
) -> Result<Json<T>, Refusal> {
    let rows = blocking(move || read(&stub.0.store)).await?;
    rows.map(Json).map_err(|error| internal(&error))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    spawn_blocking(work).await.map_err(|error| internal(&error))
}

/// Records the head, then the body as it comes, and how it was answered; only whole requests go on.
async fn record(
    State(stub): State<Stub>,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let (head, body) = request.into_parts();
    let ticket = stub.0.recorder.open(&head);
    let answer = match receive(&stub, ticket, body).await {
        Ok(received) => next(Request::from_parts(head, received.into())).await,
        Err(refusal) => refusal.into_response(),
    };
    stub.0.recorder.answer(ticket, answer.status());
    answer
}

async fn receive(stub: &Stub, ticket: Ticket, mut body: Body) -> Result<Vec<u8>, Refusal> {
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        // The connection is most likely gone; if it is not, this is what is to be said.
        let Ok(frame) = frame else {
            return Err(Refusal::INCOMPLETE);
        };
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        if received.len().saturating_add(bytes.len()) > MAX_BODY_BYTES {
            return Err(Refusal::TOO_LARGE);
        }
        stub.0.recorder.append(ticket, &bytes);
        received.extend_from_slice(&bytes);
    }
    stub.0.recorder.complete(ticket);
    Ok(received)
}

/// An answer other than the documented 200, in the documented shape.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    const NOT_FOUND: Self = Self::of(StatusCode::NOT_FOUND, "not_found", "no such path");
    const METHOD_NOT_ALLOWED: Self =
        Self::of(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "only POST is allowed");
    const FORGOTTEN: Self =
        Self::of(StatusCode::NOT_FOUND, "not_found", "this request is no longer remembered");
    const NO_EVENT: Self =
        Self::of(StatusCode::NOT_FOUND, "not_found", "no event that tells what was sent");
    const TOO_MANY_VALUES: Self = Self::of(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too_many_values",
        "this body has more values than are laid out; it is whole at /requests/ID",
    );
    const TOO_MANY_READERS: Self = Self::of(
        StatusCode::SERVICE_UNAVAILABLE,
        "too_many_readers",
        "as many pages are open as may be; close one",
    );
    const FOREIGN_HOST: Self = Self::of(
        StatusCode::FORBIDDEN,
        "forbidden",
        "this is shown under an address or as localhost only, not under the name in `host`",
    );
    const INCOMPLETE: Self =
        Self::of(StatusCode::BAD_REQUEST, "validation_error", "the body ended early");
    const TOO_LARGE: Self =
        Self::of(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "the body is too large");
    const UNAVAILABLE: Self =
        Self::of(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", "failing as asked to");

    const fn of(status: StatusCode, error: &'static str, message: &'static str) -> Self {
        Self { status, error, message: Cow::Borrowed(message) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            message: &'a str,
        }
        let body = Body { error: self.error, message: &self.message };
        (self.status, Json(body)).into_response()
    }
}

fn internal(error: &dyn fmt::Display) -> Refusal {
    // A log line that cannot be written is no reason to answer otherwise.
    let _ = writeln!(io::stderr(), "upstream-mock: {error}");
    Refusal::of(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "the stub failed; see its log")
}
