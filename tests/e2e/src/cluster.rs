//! Starts several servers that form one cluster.

use std::net::SocketAddr;

use socketio::{SocketIo, SocketIoLayer};

use crate::app::serve;
use crate::bus::{Bus, BusServer};

/// One server of a cluster, without handlers.
#[derive(Clone, Debug)]
pub struct Server {
    /// The address it listens on.
    pub addr: SocketAddr,
    /// A handle to the server.
    pub io: SocketIo,
    /// Its connection to the bus of the cluster.
    pub bus_server: BusServer,
}

/// Starts the servers of a cluster. Each server knows the others in the main namespace.
pub async fn cluster<const COUNT: usize>() -> [Server; COUNT] {
    let bus = Bus::new();
    let mut servers = Vec::new();
    for _ in 0..COUNT {
        let bus_server = bus.server();
        let layer = SocketIoLayer::builder()
            .adapter(bus_server.adapter())
            .build();
        let io = layer.io();
        let addr = serve(layer).await;
        servers.push(Server {
            addr,
            io,
            bus_server,
        });
    }
    bus.wait_for_servers("/", COUNT).await;
    match servers.try_into() {
        Ok(servers) => servers,
        Err(_) => unreachable!("COUNT servers were pushed"),
    }
}
