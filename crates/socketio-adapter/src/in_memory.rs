//! The adapter of a server that is alone.

mod delivery;

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use socketio_proto::{Packet, PacketType};

use self::delivery::Delivery;

use crate::ack::{AckCollector, Answers};
use crate::adapter::{Adapter, AdapterError};
use crate::adapter_factory::AdapterFactory;
use crate::local::LocalSockets;
use crate::options::BroadcastOptions;
use crate::recovery::{RecoveryId, RecoveryOptions, Resume, StoredSession};
use crate::remote::RemoteSocketInfo;
use crate::room_list::RoomList;

/// The adapter of a server that is alone: it knows the sockets of this server only.
///
/// It can keep, in the memory of the process, what clients need who lose their connection and come
/// back: see [`factory_with_recovery`](Self::factory_with_recovery). Then every event that is not
/// volatile and asks for no acknowledgement takes a copy of its text, and such broadcasts of one
/// namespace run one after the other. What is too old is forgotten with the next broadcast, loss or
/// return, or when another namespace needs the room. Without recovery there is no cost.
#[derive(Clone)]
pub struct InMemoryAdapter {
    local: Arc<dyn LocalSockets>,
    delivery: Option<Arc<Delivery>>,
}

impl InMemoryAdapter {
    /// Returns an adapter for these sockets.
    #[must_use]
    pub fn new(local: Arc<dyn LocalSockets>) -> Self {
        Self {
            local,
            delivery: None,
        }
    }

    /// Returns an adapter for these sockets that keeps what they need to come back.
    #[must_use]
    pub fn with_recovery(local: Arc<dyn LocalSockets>, options: &RecoveryOptions) -> Self {
        Self {
            local,
            delivery: Some(Delivery::new(options)),
        }
    }

    /// Returns what makes such adapters.
    #[must_use]
    pub fn factory() -> impl AdapterFactory {
        |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> { Arc::new(Self::new(local)) }
    }

    /// Returns what makes adapters that keep what sockets need to come back; Node's
    /// `SessionAwareAdapter`.
    pub fn factory_with_recovery(options: RecoveryOptions) -> impl AdapterFactory {
        move |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
            Arc::new(Self::with_recovery(local, &options))
        }
    }

    fn delivery(&self) -> Result<&Delivery, AdapterError> {
        self.delivery
            .as_deref()
            .ok_or_else(|| AdapterError::not_supported("recovery of connections"))
    }
}

impl Adapter for InMemoryAdapter {
    fn close(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        if let Some(delivery) = &self.delivery {
            delivery.clear();
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn broadcast(&self, packet: Packet, options: BroadcastOptions) {
        match &self.delivery {
            Some(delivery) if is_kept(&packet, &options) => {
                delivery.broadcast(&*self.local, packet, options);
            }
            _ => self.local.broadcast(&packet, &options),
        }
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

    fn supports_recovery(&self) -> bool {
        self.delivery.is_some()
    }

    fn last_offset(&self) -> Option<String> {
        Some(self.delivery.as_deref()?.last_offset())
    }

    fn persist_session(&self, session: StoredSession) -> Result<(), AdapterError> {
        self.delivery()?.persist(session)?;
        Ok(())
    }

    fn take_session(
        &self,
        id: RecoveryId,
        offset: String,
    ) -> BoxFuture<'_, Result<Option<StoredSession>, AdapterError>> {
        Box::pin(async move { Ok(self.delivery()?.take(&id, &offset)) })
    }

    fn resume_session(
        &self,
        session: StoredSession,
        offset: String,
        resume: Resume,
    ) -> BoxFuture<'_, Result<bool, AdapterError>> {
        Box::pin(async move {
            let delivery = self.delivery()?;
            Ok(delivery.resume(&*self.local, &session, &offset, resume))
        })
    }
}

/// Whether a packet is kept for those who miss it. As in Node's server one that asks for an
/// acknowledgement is not: whoever asked does not wait that long.
fn is_kept(packet: &Packet, options: &BroadcastOptions) -> bool {
    packet.kind == PacketType::Event && packet.id.is_none() && !options.flags.volatile
}

impl fmt::Debug for InMemoryAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryAdapter").finish_non_exhaustive()
    }
}
