//! Tests guarantees for applications: order, the life cycle of sockets, acknowledgements and ids.

mod acknowledgements;
mod cleanup;
mod closed;
mod closing;
mod drain;
mod ids;
mod joining;
mod leaving;
mod observers;
mod order;
mod rejections;
mod rooms;
