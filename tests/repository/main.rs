//! What the repository holds beside the filter, without Envoy: the documentation's links, the tests
//! that `SECURITY.md` names, what `docker compose` starts, and the OCI image.

mod compose;
mod links;
mod oci;
mod security_page;
