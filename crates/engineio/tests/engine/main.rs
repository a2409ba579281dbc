//! The whole server against its clients, in virtual time: the requests of polling clients go
//! straight into the service, WebSockets run over connections in memory.

mod application;
mod body;
mod polling_client;
mod server;
mod websocket_client;

mod life;
