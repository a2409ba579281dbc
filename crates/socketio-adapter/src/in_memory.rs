//! The adapter of a server that is alone.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use socketio_proto::Packet;

use crate::ack::{AckCollector, Answers};
use crate::adapter::{Adapter, AdapterError};
use crate::adapter_factory::AdapterFactory;
use crate::local::LocalSockets;
use crate::options::BroadcastOptions;
use crate::remote::RemoteSocketInfo;
use crate::room_list::RoomList;

/// The adapter of a server that is alone: it knows the sockets of this server only.
#[derive(Clone)]
pub struct InMemoryAdapter {
    local: Arc<dyn LocalSockets>,
}

impl InMemoryAdapter {
    /// Returns an adapter for these sockets.
    #[must_use]
    pub fn new(local: Arc<dyn LocalSockets>) -> Self {
        Self { local }
    }

    /// Returns what makes such adapters.
    #[must_use]
    pub fn factory() -> impl AdapterFactory {
        |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> { Arc::new(Self::new(local)) }
    }
}

impl Adapter for InMemoryAdapter {
    fn broadcast(&self, packet: Packet, options: BroadcastOptions) {
        self.local.broadcast(&packet, &options);
    }

    fn broadcast_with_ack(&self, packet: Packet, options: BroadcastOptions) -> Answers {
        let (collector, answers) = AckCollector::with_answers();
        collector.expect_servers(1);
        let guard = self
            .local
            .broadcast_with_ack(&packet, &options, Arc::new(collector));
        answers.with_guard(guard)
    }

    fn add_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        self.local.join(&options.target, &rooms);
    }

    fn del_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        self.local.leave(&options.target, &rooms);
    }

    fn disconnect_sockets(&self, options: BroadcastOptions, close: bool) {
        self.local.disconnect(&options.target, close);
    }

    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>> {
        Box::pin(std::future::ready(Ok(self.local.fetch(&options.target))))
    }
}

impl fmt::Debug for InMemoryAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryAdapter").finish_non_exhaustive()
    }
}
