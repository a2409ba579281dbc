//! Clients that mean harm: what they try costs them their connection at most, and nobody else.

mod any_bytes;
mod json;
mod origins;
mod upgrades;
