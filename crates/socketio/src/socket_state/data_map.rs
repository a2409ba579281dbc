//! The values that the application stores with a socket.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use parking_lot::{RwLock, RwLockWriteGuard};
use serde_json::Value;

/// A map of the values that the application stores with a socket, one per type (Node's
/// `socket.data`).
///
/// Values are private to this server by default. Other servers and connection state recovery see
/// the values whose type was passed to [`Namespace::share_data`](crate::Namespace::share_data), and
/// the JSON values set with [`insert_json`](Self::insert_json). Together they form `socket.data`.
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
    /// Created with the first value. `None` if the socket was closed before it had one.
    values: OnceLock<Option<Box<RwLock<Values>>>>,
}

#[derive(Default)]
struct Values {
    by_type: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    /// Set once the socket is closed.
    closed: bool,
}

/// The JSON values by key. They are stored as one of the values because few sockets have any.
#[derive(Default)]
struct Json(serde_json::Map<String, Value>);

impl DataMap {
    /// Inserts a value and returns the previous value of the same type.
    ///
    /// The value is dropped if the socket has left and its disconnect handlers have run.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let Some(mut values) = self.write() else {
            log_dropped();
            return None;
        };
        let old = values.by_type.insert(TypeId::of::<T>(), Box::new(value));
        drop(values);
        old.and_then(downcast)
    }

    /// Returns a clone of the value of this type.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.with(T::clone)
    }

    /// Calls `read` with the value of this type, if there is one.
    ///
    /// The map is locked for writing meanwhile, so `read` must be short and must not insert values.
    pub fn with<T: Send + Sync + 'static, R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let values = self.values()?.read();
        let value = values.by_type.get(&TypeId::of::<T>())?;
        value.downcast_ref().map(read)
    }

    /// Calls `update` with a mutable reference to the value of this type, if there is one.
    ///
    /// The map is locked meanwhile, so `update` must be short and must not access the map.
    pub fn update<T: Send + Sync + 'static, R>(
        &self,
        update: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let mut values = self.values()?.write();
        let value = values.by_type.get_mut(&TypeId::of::<T>())?;
        value.downcast_mut().map(update)
    }

    /// Removes and returns the value of this type.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<T> {
        let value = self.values()?.write().by_type.remove(&TypeId::of::<T>())?;
        downcast(value)
    }

    /// Returns a copy of the JSON value of a key of Node's `socket.data`.
    ///
    /// Values come from [`insert_json`](Self::insert_json) or from connection state recovery.
    /// Recovery restores a key as JSON if no shared type
    /// ([`Namespace::share_data`](crate::Namespace::share_data)) uses it, for example if a Node
    /// server has set it.
    #[must_use]
    pub fn json(&self, key: &str) -> Option<Value> {
        self.with(|Json(values)| values.get(key).cloned()).flatten()
    }

    /// Inserts a JSON value under a key of Node's `socket.data`, and returns the previous value.
    /// Other servers see it.
    ///
    /// If a shared type uses the key, insert a value of that type instead, because it takes
    /// precedence. The value is dropped in the same case as with [`insert`](Self::insert).
    pub fn insert_json(&self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        let Some(mut values) = self.write() else {
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

    /// Removes and returns the JSON value of a key.
    pub fn remove_json(&self, key: &str) -> Option<Value> {
        self.update(|Json(values)| values.remove(key)).flatten()
    }

    /// Returns a copy of all JSON values.
    pub(crate) fn all_json(&self) -> serde_json::Map<String, Value> {
        self.with(|Json(values)| values.clone()).unwrap_or_default()
    }

    /// Removes all values and rejects later ones. A value may hold the socket, which would
    /// otherwise never be freed.
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

    /// Locks the values for writing, or returns `None` if the socket is closed.
    fn write(&self) -> Option<RwLockWriteGuard<'_, Values>> {
        let values = self.values.get_or_init(|| Some(Box::default()));
        let values = values.as_deref()?.write();
        (!values.closed).then_some(values)
    }
}

fn log_dropped() {
    tracing::debug!("a value was dropped because its socket is closed");
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
    fn the_map_stores_one_value_per_type() {
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

    /// A value may hold the socket, which would then never be freed.
    #[test]
    fn a_closed_map_stores_nothing() {
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
    fn json_values_are_stored_by_key() {
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
