//! What is measured of the filter's core, and what it is measured on.

pub mod sample;
pub mod work;
