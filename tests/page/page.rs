//! The stub's page as people meet it: in a real Chromium, fed by signed webhooks through a real
//! Envoy.
//!
//! `make test-page` installs the browser and runs it.

mod browser;
mod chosen;
mod connection;
mod hostile;
mod many;
mod pictures;
mod reader;
mod setting;
mod shape;
