//! What the repository holds beside the filter, without Envoy: the documentation's links, the
//! README's table of answers, the tests that `SECURITY.md` names, what `docker compose` starts, the
//! configuration of either host, which crate uses which, and the width of comments.

mod answers;
mod arrows;
mod columns;
mod compose;
mod links;
mod native_envoy;
mod security_page;
