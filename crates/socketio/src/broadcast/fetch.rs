//! Descriptions of the sockets that are meant, whatever server they are on.

use std::error::Error;
use std::fmt;
use std::future::Future;

use socketio_adapter::{AdapterError, RemoteSocketInfo, SocketId};

use super::{BroadcastOperator, RemoteSocket};

impl BroadcastOperator {
    /// Describes all that are meant, on every server (Node's `fetchSockets`).
    ///
    /// The other servers are asked when the future is awaited, and how long they may take is the
    /// adapter's to say, or that of [`timeout`](Self::timeout). With [`local`](Self::local) nobody
    /// is asked.
    ///
    /// # Errors
    ///
    /// If another server has not answered in time, or the adapter has failed. The error holds the
    /// sockets of those that did answer.
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

    /// The ids of all that are meant, on every server (Node's `allSockets`, which is deprecated
    /// there in favour of [`fetch_sockets`](Self::fetch_sockets)).
    ///
    /// # Errors
    ///
    /// As those of [`fetch_sockets`](Self::fetch_sockets).
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

/// Not all servers have described their sockets.
#[derive(Debug)]
pub struct FetchError {
    sockets: Vec<RemoteSocket>,
    source: AdapterError,
}

impl FetchError {
    /// The sockets of the servers that have answered, this one among them; none if it was the
    /// adapter that failed.
    #[must_use]
    pub fn sockets(&self) -> &[RemoteSocket] {
        &self.sockets
    }

    /// The sockets of the servers that have answered, by value.
    #[must_use]
    pub fn into_sockets(self) -> Vec<RemoteSocket> {
        self.sockets
    }

    /// Why the others are missing.
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
