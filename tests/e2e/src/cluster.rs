//! Starts several servers in one process that form a cluster.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socketio::adapter::{
    AckCollector, AckGuard, AckSink, Adapter, AdapterError, AdapterFactory, Answers, Args,
    BroadcastOptions, LocalSockets, MissingAnswers, Packet, RemoteSocketInfo, RoomList,
    ServerSideReply,
};
use socketio::{SocketIo, SocketIoLayer};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::app::serve;
use crate::sync::eventually;

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

/// The time limit for the answers of other servers if an operation sets none, as in Node's
/// adapters.
pub const TIMEOUT: Duration = Duration::from_secs(5);

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The connections between the servers of a cluster. Clones refer to the same cluster.
///
/// Requests between servers are delivered immediately, in order and in their serialized form.
#[derive(Clone, Default)]
pub struct Bus {
    servers: Arc<Mutex<Vec<State>>>,
}

/// The state of one server of the cluster.
#[derive(Default)]
struct State {
    silent: bool,
    namespaces: HashMap<String, Arc<dyn LocalSockets>>,
}

impl Bus {
    /// Creates a cluster without servers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a server to the cluster.
    #[must_use]
    pub fn server(&self) -> BusServer {
        let mut servers = self.lock();
        servers.push(State::default());
        BusServer {
            bus: self.clone(),
            number: servers.len() - 1,
        }
    }

    /// Waits until this number of servers has joined a namespace.
    pub async fn wait_for_servers(&self, namespace: &str, servers: usize) {
        let all_joined = || {
            let all = self.lock();
            let has_joined = |state: &&State| state.namespaces.contains_key(namespace);
            all.iter().filter(has_joined).count() == servers
        };
        eventually("the servers to join the namespace", all_joined).await;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

/// One server of the cluster.
#[derive(Clone, Debug)]
pub struct BusServer {
    bus: Bus,
    number: usize,
}

impl BusServer {
    /// Returns a factory for the adapters of this server.
    pub fn adapter(&self) -> impl AdapterFactory {
        let server = self.clone();
        move |namespace: &str, local: Arc<dyn LocalSockets>| -> Arc<dyn Adapter> {
            Arc::new(BusAdapter {
                server: server.clone(),
                namespace: namespace.to_owned(),
                local,
            })
        }
    }

    /// Waits until this number of servers has joined a namespace.
    pub async fn wait_for_servers(&self, namespace: &str, servers: usize) {
        self.bus.wait_for_servers(namespace, servers).await;
    }

    /// Makes this server ignore all requests of other servers from now on, like a server that
    /// hangs.
    pub fn silence(&self) {
        if let Some(state) = self.bus.lock().get_mut(self.number) {
            state.silent = true;
        }
    }
}

/// The adapter of one namespace of one server.
struct BusAdapter {
    server: BusServer,
    namespace: String,
    local: Arc<dyn LocalSockets>,
}

impl BusAdapter {
    /// Returns the other servers, with `None` for each that is silent.
    fn others(&self) -> Vec<Option<Arc<dyn LocalSockets>>> {
        let all = self.server.bus.lock();
        all.iter()
            .enumerate()
            .filter(|(number, _)| *number != self.server.number)
            .filter_map(|(_, state)| {
                let local = state.namespaces.get(&self.namespace)?;
                Some((!state.silent).then(|| Arc::clone(local)))
            })
            .collect()
    }

    /// Returns this server, and the other servers that respond unless the broadcast is local.
    fn reachable(&self, options: &BroadcastOptions) -> Vec<Arc<dyn LocalSockets>> {
        let own = std::iter::once(Arc::clone(&self.local));
        if options.flags.local {
            return own.collect();
        }
        own.chain(self.others().into_iter().flatten()).collect()
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.server.bus.lock().get_mut(self.server.number) {
            change(state);
        }
    }
}

impl Adapter for BusAdapter {
    fn init(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        let (name, local) = (self.namespace.clone(), Arc::clone(&self.local));
        self.update(|state| drop(state.namespaces.insert(name, local)));
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AdapterError>> {
        self.update(|state| drop(state.namespaces.remove(&self.namespace)));
        Box::pin(std::future::ready(Ok(())))
    }

    fn server_count(&self) -> BoxFuture<'_, Result<usize, AdapterError>> {
        Box::pin(std::future::ready(Ok(1 + self.others().len())))
    }

    fn broadcast(&self, packet: Packet, options: BroadcastOptions) {
        for server in self.reachable(&options) {
            server.broadcast(&packet, &options);
        }
    }

    fn broadcast_with_ack(&self, packet: Packet, options: BroadcastOptions) -> Answers {
        let (collector, mut answers) = AckCollector::with_answers();
        let others = if options.flags.local {
            Vec::new()
        } else {
            self.others()
        };
        collector.expect_servers(1 + others.len());
        let sink: Arc<dyn AckSink> = Arc::new(collector);
        for server in std::iter::once(Some(Arc::clone(&self.local))).chain(others) {
            let sink = Arc::clone(&sink);
            answers = answers.with_guard(match server {
                Some(server) => server.broadcast_with_ack(&packet, &options, sink),
                // The collector keeps waiting for a silent server.
                None => AckGuard::new(move || drop(sink)),
            });
        }
        answers
    }

    fn add_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        for server in self.reachable(&options) {
            server.join(&options.target, &rooms);
        }
    }

    fn del_sockets(&self, options: BroadcastOptions, rooms: RoomList) {
        for server in self.reachable(&options) {
            server.leave(&options.target, &rooms);
        }
    }

    fn disconnect_sockets(&self, options: BroadcastOptions, close: bool) {
        for server in self.reachable(&options) {
            server.disconnect(&options.target, close);
        }
    }

    fn fetch_sockets(
        &self,
        options: BroadcastOptions,
    ) -> BoxFuture<'_, Result<Vec<RemoteSocketInfo>, AdapterError>> {
        Box::pin(async move {
            let mut sockets = self.local.fetch(&options.target);
            if options.flags.local {
                return Ok(sockets);
            }
            let deadline = Instant::now() + options.flags.timeout.unwrap_or(TIMEOUT);
            let mut missing = 0;
            for server in self.others() {
                match server {
                    Some(server) => sockets.extend(round_trip(&server.fetch(&options.target))?),
                    None => missing += 1,
                }
            }
            if missing == 0 {
                return Ok(sockets);
            }
            sleep_until(deadline).await;
            let missing = MissingAnswers::new(missing, 0);
            Err(AdapterError::missing_sockets(missing, sockets))
        })
    }

    fn server_side_emit(&self, event: Args) {
        for server in self.others().into_iter().flatten() {
            server.server_side_event(event.clone(), None);
        }
    }

    fn server_side_emit_with_ack(
        &self,
        event: Args,
    ) -> BoxFuture<'_, Result<Vec<Args>, AdapterError>> {
        Box::pin(async move {
            let deadline = Instant::now() + TIMEOUT;
            let (sender, mut answers) = unbounded_channel();
            let others = self.others();
            let expected = others.len();
            for server in others.into_iter().flatten() {
                let sender = sender.clone();
                let reply = ServerSideReply::new(move |answer| drop(sender.send(answer)));
                server.server_side_event(event.clone(), Some(reply));
            }
            let mut all = Vec::new();
            while all.len() < expected {
                match timeout_at(deadline, answers.recv()).await {
                    Ok(Some(answer)) => all.push(answer),
                    // `sender` is still alive, so this is a timeout.
                    Ok(None) | Err(_) => {
                        let missing = MissingAnswers::new(expected - all.len(), 0);
                        return Err(missing.with_answers(all).into());
                    }
                }
            }
            Ok(all)
        })
    }
}

/// Returns the descriptions as another server deserializes them.
fn round_trip(sockets: &[RemoteSocketInfo]) -> Result<Vec<RemoteSocketInfo>, AdapterError> {
    serde_json::to_string(sockets)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(AdapterError::other)
}
