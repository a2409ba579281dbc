//! The recipes of `docs/DEPLOYING.md`, with the real programs: each test runs a file of
//! `docs/deploying`, in which only ports and paths are replaced.

mod document;
mod haproxy;
mod nginx;
mod proxy;
mod rolling;
mod server;
