//! Emitters over Redis.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Cmd, IntoConnectionInfo, RedisError};
use futures_core::future::BoxFuture;
use socketio_cluster::{
    ClassicFormat, Format, Namespace, Outgoing, ShardedFormat, SubscriptionMode,
};

use crate::backend::Backend;
use crate::emitter::Emitter;
use crate::error::EmitterError;

/// The prefix of channels unless another is set, as in Node.
const DEFAULT_PREFIX: &str = "socket.io";

/// The time that Redis has for an answer, unless the connection of the application sets another.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The retries of a lost connection before an operation fails. With their delays of 0.1, 0.2 and 0.4
/// seconds, Redis may restart meanwhile.
const RETRIES: usize = 3;

/// The first delay between two attempts to connect.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// Creates emitters that reach the servers over Redis.
///
/// The servers are written in Rust, with `RedisAdapter` or `ShardedRedisAdapter` of `socketio-redis`, or in
/// Node, with `@socket.io/redis-adapter`. The prefix and the kind of the adapter must be the same.
/// Databases of Redis do not separate channels: two clusters on one Redis need different prefixes.
///
/// # Examples
///
/// ```no_run
/// use socketio_emitter::{Emitter, EmitterError, RedisEmitter};
///
/// async fn emitter() -> Result<Emitter, EmitterError> {
///     RedisEmitter::builder().prefix("shop").connect("redis://127.0.0.1:6379").await
/// }
/// ```
#[derive(Debug)]
pub struct RedisEmitter(());

impl RedisEmitter {
    /// Connects to Redis and returns an emitter for servers with the classic adapter and the default
    /// prefix.
    ///
    /// The address is a URL, such as `redis://user:password@127.0.0.1:6379` or `unix:/run/redis.sock`, or
    /// the connection info of the crate `redis`.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is invalid or Redis cannot be reached.
    pub async fn connect(address: impl IntoConnectionInfo) -> Result<Emitter, EmitterError> {
        Self::builder().connect(address).await
    }

    /// Returns a builder with the default options.
    pub fn builder() -> RedisEmitterBuilder {
        RedisEmitterBuilder {
            prefix: DEFAULT_PREFIX.to_owned(),
            mode: None,
        }
    }
}

/// The options of an emitter over Redis.
#[derive(Clone, Debug)]
#[must_use = "the emitter is created by `connect` or `with_connection`"]
pub struct RedisEmitterBuilder {
    prefix: String,
    /// Set for servers with the sharded adapter.
    mode: Option<SubscriptionMode>,
}

impl RedisEmitterBuilder {
    /// Sets the prefix of the channels (Node's option `key` of the classic adapter and emitter, and
    /// `channelPrefix` of the sharded adapter). Default: `socket.io`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Emits to servers with the sharded adapter in this mode (Node's option `subscriptionMode`). By
    /// default the servers have the classic adapter.
    ///
    /// It needs Redis 7 or later, as the adapter does.
    pub fn sharded(mut self, mode: SubscriptionMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Connects to Redis and returns an emitter, see [`RedisEmitter::connect`].
    ///
    /// A lost connection is opened again by the next operation. An operation fails if Redis does not answer
    /// within 5 seconds. With the feature `tls`, ring becomes the cryptography of rustls unless the
    /// application has installed another.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is invalid or Redis cannot be reached.
    pub async fn connect(self, address: impl IntoConnectionInfo) -> Result<Emitter, EmitterError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(RETRIES)
            .set_min_delay(RETRY_DELAY)
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(RESPONSE_TIMEOUT));
        #[cfg(feature = "tls")]
        install_crypto_provider();
        let client = Client::open(address)?;
        let connection = ConnectionManager::new_with_config(client, config).await?;
        Ok(self.with_connection(connection))
    }

    /// Returns an emitter that uses a connection of the application, such as a `MultiplexedConnection`, a
    /// `ConnectionManager`, or a `ClusterConnection`.
    ///
    /// Its timeouts and its behaviour after a loss are those of the connection.
    #[must_use]
    pub fn with_connection<C>(self, connection: C) -> Emitter
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Emitter::new(Arc::new(RedisBackend {
            connection,
            options: self,
        }))
    }
}

/// Selects the cryptography of rustls for this process, unless it is selected. Without one, rustls
/// panics if several are compiled in.
#[cfg(feature = "tls")]
fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only if another thread has selected one meanwhile.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

struct RedisBackend<C> {
    connection: C,
    options: RedisEmitterBuilder,
}

impl<C> Backend for RedisBackend<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    fn format(&self, namespace: &Namespace) -> Box<dyn Format> {
        let RedisEmitterBuilder { prefix, mode } = &self.options;
        match mode {
            None => Box::new(ClassicFormat::new(prefix, namespace.clone())),
            Some(mode) => {
                let format = ShardedFormat::new(prefix, namespace.clone());
                Box::new(format.with_subscription_mode(*mode))
            }
        }
    }

    fn publish(&self, message: Outgoing) -> BoxFuture<'static, Result<(), EmitterError>> {
        let mut connection = self.connection.clone();
        let command = if self.options.mode.is_some() {
            "SPUBLISH"
        } else {
            "PUBLISH"
        };
        Box::pin(async move {
            let mut publish = Cmd::new();
            publish
                .arg(command)
                .arg(&*message.channel)
                .arg(&*message.payload);
            publish.exec_async(&mut connection).await?;
            Ok(())
        })
    }
}

impl<C> fmt::Debug for RedisBackend<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl From<RedisError> for EmitterError {
    fn from(error: RedisError) -> Self {
        Self::Bus(Box::new(error))
    }
}
