//! The usual other way: a service that Envoy's `ext_authz` filter asks about each request, with
//! its body, over HTTP. It does the filter's whole work, natively, and throws the normalised event
//! away, since `ext_authz` has no way to replace a body.
//!
//! `ext-authz ADDRESS` serves until it is killed.

use std::env;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bench_core::sample;
use bench_core::work::plugin;
use junction_webhook::exchange::{Action, Exchange, Outcome, Plugin};
use junction_webhook::http::Header;
use junction_webhook::reject::Answer;

fn main() -> Result<()> {
    let address = env::args().nth(1).context("usage: ext-authz ADDRESS")?;
    let plugin = plugin(sample::SECRET);
    if let Err(unusable) = &plugin {
        return Err(anyhow!("{}", unusable.error));
    }
    let app = Router::new()
        .fallback(check)
        .layer(DefaultBodyLimit::max(1 << 20))
        .with_state(Arc::new(plugin));
    // One thread, as Envoy has one worker: more only cost more.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(&address).await?;
        axum::serve(listener, app).await?;
        Ok(())
    })
}

async fn check(State(plugin): State<Arc<Plugin>>, parts: Parts, body: Bytes) -> Response {
    let mut exchange = Exchange::new(plugin, None);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let mut outcome = exchange.on_head(&headers(&parts), body.is_empty(), now);
    if matches!(outcome, Outcome::Wait) {
        outcome = exchange.on_body(body.len());
    }
    if matches!(outcome, Outcome::Wait) {
        outcome = exchange.on_end(Some(&body));
    }
    match outcome {
        Outcome::Decided(_, Action::Forward(forward)) => {
            let mut headers = HeaderMap::new();
            for (name, value) in forward.set {
                if name != "content-length"
                    && let Ok(value) = HeaderValue::from_str(&value)
                {
                    headers.insert(name, value);
                }
            }
            (StatusCode::OK, headers).into_response()
        }
        Outcome::Decided(_, Action::Answer(answer)) => refuse(answer),
        Outcome::Unguarded => StatusCode::OK.into_response(),
        Outcome::Continue | Outcome::Wait | Outcome::PassHead(_) => {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn headers(parts: &Parts) -> Vec<Header<'_>> {
    let pseudo = [(":method", parts.method.as_str()), (":path", parts.uri.path())];
    let own = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    pseudo.into_iter().map(|(name, value)| (name, value.as_bytes())).chain(own).collect()
}

fn refuse(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers: HeaderMap = answer
        .headers()
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
        .collect();
    (status, headers, answer.body).into_response()
}
