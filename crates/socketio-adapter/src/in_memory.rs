//! The adapter of a single server.

mod delivery_log;

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use socketio_proto::{Packet, PacketType};

use self::delivery_log::DeliveryLog;
use crate::ack::{AckCollector, Answers};
use crate::adapter::{Adapter, AdapterError, AdapterFactory};
use crate::local::{LocalSockets, RemoteSocketInfo};
use crate::options::BroadcastOptions;
use crate::recovery::{RecoveryId, RecoveryOptions, Resume, StoredSession};
use crate::room_list::RoomList;

/// The adapter of a single server: it reaches only the sockets of this server.
///
/// With [`factory_with_recovery`](Self::factory_with_recovery) it stores sessions and packets in
/// memory, so that clients can recover from a lost connection. Recovery has these costs:
///
/// - Every event that is not volatile and asks for no acknowledgement is copied.
/// - Such broadcasts of one namespace run one after the other.
///
/// Expired packets and sessions are removed by the next broadcast, lost connection or recovery, or when
/// another namespace needs the space. Without recovery there is no cost.
#[derive(Clone)]
pub struct InMemoryAdapter {
    local: Arc<dyn LocalSockets>,
    delivery: Option<Arc<DeliveryLog>>,
}

impl InMemoryAdapter {
    /// Creates an adapter for these sockets, without recovery.
    #[must_use]
    pub fn new(local: Arc<dyn LocalSockets>) -> Self {
        Self {
            local,
            delivery: None,
        }
    }

    /// Creates an adapter for these sockets that stores sessions and packets for recovery.
    #[must_use]
    pub fn with_recovery(local: Arc<dyn LocalSockets>, options: &RecoveryOptions) -> Self {
        Self {
            local,
            delivery: Some(DeliveryLog::new(options)),
        }
    }

    /// Returns a factory of adapters without recovery.
    #[must_use]
    pub fn factory() -> impl AdapterFactory {
        |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> { Arc::new(Self::new(local)) }
    }

    /// Returns a factory of adapters with recovery; Node's `SessionAwareAdapter`.
    #[must_use]
    pub fn factory_with_recovery(options: RecoveryOptions) -> impl AdapterFactory {
        move |_: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
            Arc::new(Self::with_recovery(local, &options))
        }
    }

    fn delivery(&self) -> Result<&DeliveryLog, AdapterError> {
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
            Some(delivery) if is_recoverable(&packet, &options) => {
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

    fn session_count(&self) -> usize {
        self.delivery
            .as_deref()
            .map_or(0, DeliveryLog::session_count)
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

/// Returns whether a packet is stored for clients that miss it.
///
/// As in Node, a packet that asks for an acknowledgement is not stored: the caller's timeout is shorter
/// than a recovery.
fn is_recoverable(packet: &Packet, options: &BroadcastOptions) -> bool {
    packet.kind == PacketType::Event && packet.id.is_none() && !options.flags.volatile
}

impl fmt::Debug for InMemoryAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryAdapter").finish_non_exhaustive()
    }
}
