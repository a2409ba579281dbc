//! Tests hostile clients: an attack may close its own connection but must not affect other clients.

mod generated;
mod json;
mod logs;
mod origins;
mod upgrades;
