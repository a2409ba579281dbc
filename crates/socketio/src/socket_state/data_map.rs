use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use parking_lot::{RwLock, RwLockWriteGuard};
use serde_json::Value;

/// Values that the application keeps with a socket, one of each type (Node's `socket.data`).
///
/// They are private to this server, but for those whose type has been named with
/// [`Namespace::share_data`](crate::Namespace::share_data), and for JSON values
/// ([`insert_json`](Self::insert_json)): these make up what the other servers, and connection state
/// recovery, see as `socket.data`.
///
/// # Examples
///
/// ```
/// use socketio::{Socket, extract::SocketData};
///
/// #[derive(Clone)]
/// struct User { name: String }
///
/// async fn connected(socket: Socket) {
///     socket.data().insert(User { name: "ada".into() });
/// }
///
/// async fn message(SocketData(user): SocketData<User>) {
///     println!("from {}", user.name);
/// }
/// ```
#[derive(Default)]
pub struct DataMap {
    /// Made for the first value. Set to `None` if the socket is over and has never had one.
    values: OnceLock<Option<Box<RwLock<Values>>>>,
}

#[derive(Default)]
struct Values {
    by_type: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    /// The socket is over.
    closed: bool,
}

/// JSON values by key, which are kept among the others: few sockets have any.
#[derive(Default)]
struct Json(serde_json::Map<String, Value>);

impl DataMap {
    /// Keeps a value and returns the one of the same type that was there before.
    ///
    /// When the socket is over and its disconnect handlers have run, nothing is kept any more: the
    /// value is dropped.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let Some(mut values) = self.open() else {
            log_dropped();
            return None;
        };
        let old = values.by_type.insert(TypeId::of::<T>(), Box::new(value));
        drop(values);
        old.and_then(downcast)
    }

    /// A clone of the value of this type.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.with(T::clone)
    }

    /// Reads the value of this type in place.
    ///
    /// Nothing else can be inserted meanwhile, so `read` should be short.
    pub fn with<T: Send + Sync + 'static, R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let values = self.values()?.read();
        let value = values.by_type.get(&TypeId::of::<T>())?;
        value.downcast_ref().map(read)
    }

    /// Changes the value of this type in place.
    ///
    /// Nothing else can be read or inserted meanwhile, so `update` should be short.
    pub fn update<T: Send + Sync + 'static, R>(
        &self,
        update: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let mut values = self.values()?.write();
        let value = values.by_type.get_mut(&TypeId::of::<T>())?;
        value.downcast_mut().map(update)
    }

    /// Takes the value of this type out.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<T> {
        let value = self.values()?.write().by_type.remove(&TypeId::of::<T>())?;
        downcast(value)
    }

    /// A copy of the JSON value under this key of Node's `socket.data`.
    ///
    /// There is one if it was inserted, or if connection state recovery has brought back a key that
    /// belongs to no type ([`Namespace::share_data`](crate::Namespace::share_data)), as a Node
    /// server may have set it.
    #[must_use]
    pub fn json(&self, key: &str) -> Option<Value> {
        self.with(|Json(values)| values.get(key).cloned()).flatten()
    }

    /// Keeps a JSON value under a key of Node's `socket.data`, and returns the one that was there
    /// before. Other servers see it.
    ///
    /// For keys that belong to a type, insert a value of the type instead: it takes precedence. When
    /// the socket is over, nothing is kept, as by [`insert`](Self::insert).
    pub fn insert_json(&self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        let Some(mut values) = self.open() else {
            log_dropped();
            return None;
        };
        let json = values
            .by_type
            .entry(TypeId::of::<Json>())
            .or_insert_with(|| Box::<Json>::default());
        let Json(json) = json.downcast_mut()?;
        json.insert(key, value)
    }

    /// Takes the JSON value under this key out.
    pub fn remove_json(&self, key: &str) -> Option<Value> {
        self.update(|Json(values)| values.remove(key)).flatten()
    }

    /// Copies of all JSON values.
    pub(crate) fn all_json(&self) -> serde_json::Map<String, Value> {
        self.with(|Json(values)| values.clone()).unwrap_or_default()
    }

    /// Takes everything out, for good: the socket is over, and a value may hold the socket itself.
    pub(crate) fn close(&self) {
        if let Some(values) = self.values.get_or_init(|| None) {
            let closed = Values {
                by_type: HashMap::new(),
                closed: true,
            };
            let values = std::mem::replace(&mut *values.write(), closed);
            drop(values);
        }
    }

    fn values(&self) -> Option<&RwLock<Values>> {
        self.values.get()?.as_deref()
    }

    /// Where values are kept, unless the socket is over.
    fn open(&self) -> Option<RwLockWriteGuard<'_, Values>> {
        let values = self.values.get_or_init(|| Some(Box::default()));
        let values = values.as_deref()?.write();
        (!values.closed).then_some(values)
    }
}

fn log_dropped() {
    tracing::debug!("data of a socket that is over was dropped");
}

fn downcast<T: 'static>(value: Box<dyn Any + Send + Sync>) -> Option<T> {
    value.downcast().ok().map(|value| *value)
}

impl fmt::Debug for DataMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataMap").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_value_of_each_type_is_kept() {
        let data = DataMap::default();
        assert_eq!(data.insert(1_u32), None);
        assert_eq!(data.insert("a"), None);
        assert_eq!(data.insert(2_u32), Some(1));
        assert_eq!(
            (data.get::<u32>(), data.get::<&str>()),
            (Some(2), Some("a"))
        );
        assert_eq!(
            data.update(|n: &mut u32| {
                *n += 1;
                *n
            }),
            Some(3)
        );
        assert_eq!(data.remove::<u32>(), Some(3));
        assert_eq!(data.get::<u32>(), None);
        data.close();
        assert_eq!(data.get::<&str>(), None);
    }

    /// A value may hold the socket, which then would never be freed.
    #[test]
    fn a_socket_that_is_over_keeps_nothing() {
        let held = Arc::new(());
        for had_data in [false, true] {
            let data = DataMap::default();
            if had_data {
                data.insert(7_u32);
            }
            data.close();
            assert!(data.insert(Arc::clone(&held)).is_none());
            assert_eq!(Arc::strong_count(&held), 1);
            assert_eq!(data.insert_json("a", 1), None);
            assert_eq!((data.get::<u32>(), data.json("a")), (None, None));
        }
    }

    #[test]
    fn a_socket_without_data_pays_for_little() {
        assert!(size_of::<DataMap>() <= 16);
    }

    #[test]
    fn json_is_kept_by_key() {
        let data = DataMap::default();
        assert_eq!(data.json("a"), None);
        assert_eq!(data.remove_json("a"), None);
        assert_eq!(data.insert_json("a", 1), None);
        assert_eq!(data.insert_json("a", "x"), Some(1.into()));
        data.insert(7_u32);
        assert_eq!(data.json("a"), Some("x".into()));
        assert_eq!(data.all_json().len(), 1);
        assert_eq!(data.remove_json("a"), Some("x".into()));
        assert_eq!(data.json("a"), None);
        assert_eq!(data.get::<u32>(), Some(7));
    }
}
