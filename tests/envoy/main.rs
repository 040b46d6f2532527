//! The filter as its users meet it: the built module in a real Envoy, started from the committed
//! `envoy.yaml`, in front of the upstream stub. `make test` prepares all three.

mod buffered;
mod capabilities;
mod cases;
mod configuration;
mod dashboard;
mod duplicates;
mod edge;
mod envoy_gateway;
mod explain;
mod forwarding;
mod framing;
mod goldens;
mod istio;
mod library;
mod observability;
mod overload;
mod panics;
mod picture;
mod room;
mod rotation;
mod sample;
mod secrets;
mod senders;
mod setting;
mod shadow;
mod tool;
mod vectors;
mod verdicts;
mod verification;
mod xds;
