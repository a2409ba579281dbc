//! Descriptions of the selected sockets on all servers.

use std::error::Error;
use std::fmt;
use std::future::Future;

use socketio_adapter::{AdapterError, RemoteSocketInfo, SocketId};

use super::{BroadcastOperator, RemoteSocket};

impl BroadcastOperator {
    /// Returns descriptions of the selected sockets on all servers (Node's `fetchSockets`).
    ///
    /// The other servers are asked when the future is polled. The adapter determines how long it
    /// waits for them, unless [`timeout`](Self::timeout) is set. With [`local`](Self::local), no
    /// other server is asked.
    ///
    /// # Errors
    ///
    /// Returns an error if another server has not answered in time or the adapter fails. The error
    /// contains the sockets of the servers that have answered.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::SocketIo;
    ///
    /// async fn move_guests(io: SocketIo) {
    ///     let guests = match io.to("lobby").fetch_sockets().await {
    ///         Ok(guests) => guests,
    ///         Err(error) => error.into_sockets(),
    ///     };
    ///     for guest in guests {
    ///         let agent = guest.handshake().header("user-agent").unwrap_or("an unknown client");
    ///         println!("{} comes with {agent}", guest.id());
    ///         guest.join("table");
    ///         guest.emit("welcome", &());
    ///     }
    /// }
    /// ```
    #[doc(alias = "fetchSockets")]
    pub fn fetch_sockets(
        &self,
    ) -> impl Future<Output = Result<Vec<RemoteSocket>, FetchError>> + Send + use<> {
        let operator = self.clone();
        async move {
            let options = operator.options.clone();
            let fetched = operator.adapter().fetch_sockets(options).await;
            let sockets = |found: Vec<RemoteSocketInfo>| {
                let sockets = found.into_iter();
                let sockets = sockets.map(|info| RemoteSocket::new(info, &operator));
                sockets.collect()
            };
            fetched.map(sockets).map_err(|mut source| FetchError {
                sockets: sockets(source.take_sockets()),
                source,
            })
        }
    }

    /// Returns the ids of the selected sockets on all servers (Node's `allSockets`, which is
    /// deprecated there in favour of [`fetch_sockets`](Self::fetch_sockets)).
    ///
    /// # Errors
    ///
    /// Returns an error in the same cases as [`fetch_sockets`](Self::fetch_sockets).
    #[doc(alias = "allSockets")]
    pub fn all_sockets(
        &self,
    ) -> impl Future<Output = Result<Vec<SocketId>, FetchError>> + Send + use<> {
        let fetched = self.fetch_sockets();
        async move {
            let sockets = fetched.await?.into_iter();
            Ok(sockets.map(|socket| socket.id().clone()).collect())
        }
    }
}

/// The error of a request for descriptions that not all servers have answered.
#[derive(Debug)]
pub struct FetchError {
    sockets: Vec<RemoteSocket>,
    source: AdapterError,
}

impl FetchError {
    /// Returns the sockets of the servers that have answered, including this server. Empty if the
    /// adapter itself has failed.
    #[must_use]
    pub fn sockets(&self) -> &[RemoteSocket] {
        &self.sockets
    }

    /// Converts the error into the sockets of the servers that have answered.
    #[must_use]
    pub fn into_sockets(self) -> Vec<RemoteSocket> {
        self.sockets
    }

    /// Returns the error of the adapter.
    #[must_use]
    pub fn reason(&self) -> &AdapterError {
        &self.source
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "only {} sockets could be described: use those, or try again",
            self.sockets.len()
        )
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
