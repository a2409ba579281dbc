//! Several servers that are one to their applications.

use std::net::SocketAddr;

use socketio::{SocketIo, SocketIoLayer};

use crate::app::serve;
use crate::bus::{Bus, BusServer};

/// One server of a cluster, without handlers at first.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The handle to it.
    pub io: SocketIo,
    /// Its place in the cluster.
    pub place: BusServer,
}

/// Servers that are joined to a cluster, in whose main namespace each knows the others.
pub async fn cluster<const COUNT: usize>() -> [Server; COUNT] {
    let bus = Bus::new();
    let mut servers = Vec::new();
    for _ in 0..COUNT {
        let place = bus.server();
        let layer = SocketIoLayer::builder().adapter(place.adapter()).build();
        let io = layer.io();
        let addr = serve(layer).await;
        servers.push(Server { addr, io, place });
    }
    bus.joined("/", COUNT).await;
    match servers.try_into() {
        Ok(servers) => servers,
        Err(_) => unreachable!("as many were made"),
    }
}
