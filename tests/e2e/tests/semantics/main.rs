//! What applications can rely on, whatever clients do: order, the life of a socket, answers, ids.

mod acknowledgements;
mod closing;
mod ids;
mod joining;
mod leaving;
mod nothing_remains;
mod order;
mod rejections;
mod rooms;
