//! Where the acknowledgements of some server's sockets go.

use socketio_proto::Args;

/// Takes the acknowledgements of the sockets of one server.
///
/// The server that asked collects them ([`AckCollector`](crate::AckCollector)); the other servers
/// of a cluster send them to that one. The methods are called from the tasks of connections and
/// must return at once.
pub trait AckSink: Send + Sync + 'static {
    /// So many sockets were sent the packet. Called once, perhaps after the first answers.
    fn count(&self, sockets: usize);

    /// One of the sockets has answered.
    fn answer(&self, answer: Args);

    /// One of the sockets has gone without an answer.
    fn left(&self);
}
