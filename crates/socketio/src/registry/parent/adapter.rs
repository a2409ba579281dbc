//! The adapter of a pattern.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_util::future::join_all;
use socketio_adapter::{
    Adapter, AdapterError, Answers, Args, BroadcastOptions, MissingAnswers, Packet,
    RemoteSocketInfo, RoomList,
};

use super::children::Children;

/// The adapter of a pattern, which forwards each operation to the adapters of the children.
pub(super) struct ParentAdapter {
    children: Arc<Children>,
}

impl ParentAdapter {
    pub(super) fn new(children: Arc<Children>) -> Self {
        Self { children }
    }

    fn for_each(&self, run: impl Fn(&dyn Adapter)) {
        for child in self.children.all() {
            run(&*child.shared.adapter);
        }
    }

    /// Sends a packet to each child, with the name of the child.
    fn send_each<T>(&self, packet: &Packet, send: impl Fn(&dyn Adapter, Packet) -> T) -> Vec<T> {
        let children = self.children.all().into_iter();
        let send = |child: Arc<crate::registry::namespace_inner::NamespaceInner>| {
            let packet = packet.clone().with_namespace(child.name().clone());
            send(&*child.shared.adapter, packet)
        };
        children.map(send).collect()
    }
}

impl Adapter for ParentAdapter {
    fn broadcast(&self, packet: Packet, options: BroadcastOptions) {
        self.send_each(&packet, |adapter, packet| {
            adapter.broadcast(packet, options.clone());
        });
    }

    fn broadcast_with_ack(&self, packet: Packet, options: BroadcastOptions) -> Answers {
        Answers::joined(self.send_each(&packet, |adapter, packet| {
            adapter.broadcast_with_ack(packet, options.clone())
        }))
    }

    fn add_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        self.for_each(|adapter| adapter.add_sockets(options.clone(), rooms.clone()));
    }

    fn del_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        self.for_each(|adapter| adapter.del_sockets(options.clone(), rooms.clone()));
    }

    fn disconnect_sockets(&self, options: BroadcastOptions, close: bool) {
        self.for_each(|adapter| adapter.disconnect_sockets(options.clone(), close));
    }

    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>> {
        let children = self.children.all();
        Box::pin(async move {
            let fetched = children
                .iter()
                .map(|child| child.shared.adapter.fetch_sockets(options.clone()));
            let (mut all, mut missing) = (Vec::new(), 0);
            for fetched in join_all(fetched).await {
                match fetched {
                    Ok(mut sockets) => all.append(&mut sockets),
                    Err(mut error) => {
                        let sockets = &mut error.take_sockets();
                        let servers = error.missing().map(MissingAnswers::servers);
                        // The servers missing in one namespace may be the same as those missing in
                        // another.
                        missing = missing.max(servers.ok_or(error)?);
                        all.append(sockets);
                    }
                }
            }
            if missing == 0 {
                return Ok(all);
            }
            let missing = MissingAnswers::new(missing, 0);
            Err(AdapterError::missing_sockets(missing, all))
        })
    }

    fn server_side_emit(&self, event: Args) {
        self.for_each(|adapter| adapter.server_side_emit(event.clone()));
    }

    fn server_side_emit_with_ack(
        &self,
        event: Args,
    ) -> BoxFuture<'_, Result<Vec<Args>, AdapterError>> {
        let children = self.children.all();
        Box::pin(async move {
            let answered = children.iter().map(|child| {
                child
                    .shared
                    .adapter
                    .server_side_emit_with_ack(event.clone())
            });
            let (mut all, mut missing) = (Vec::new(), 0_usize);
            for answered in join_all(answered).await {
                match answered {
                    Ok(mut answers) => all.append(&mut answers),
                    Err(mut error) => {
                        let answers = &mut error.take_answers();
                        let servers = error.missing().map(MissingAnswers::servers);
                        missing = missing.saturating_add(servers.ok_or(error)?);
                        all.append(answers);
                    }
                }
            }
            if missing == 0 {
                return Ok(all);
            }
            Err(MissingAnswers::new(missing, 0).with_answers(all).into())
        })
    }
}
