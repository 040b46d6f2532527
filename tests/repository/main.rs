//! What the repository holds beside the filter, without Envoy: the documentation's links, the tests
//! that `SECURITY.md` names, and what `docker compose` starts.

mod compose;
mod links;
mod security_page;
