//! The values that the application stores with a socket.

use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::{RwLock, RwLockWriteGuard};
use serde_json::Value;

/// The maximum number of calls of the closure of one [`DataMap::update`]: 1000. A closure that waits
/// for a thread that changes the value would otherwise be called without end.
const MAX_UPDATE_ATTEMPTS: usize = 1000;

/// A map of the values that the application stores with a socket, one per type (Node's
/// `socket.data`).
///
/// Values are private to this server by default. Other servers and connection state recovery see
/// the values whose type was passed to [`Namespace::share_data`](crate::Namespace::share_data), and
/// the JSON values set with [`insert_json`](Self::insert_json). Together they form `socket.data`.
///
/// No lock is held while a closure, or the `Clone`, `Drop` or `Serialize` implementation of a value
/// runs. All of them may use the map and block.
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
    by_type: HashMap<TypeId, Stored>,
    /// The JSON values by key. Boxed because few sockets have any.
    json: Option<Box<serde_json::Map<String, Value>>>,
    /// Set once the socket is closed.
    closed: bool,
}

/// A value of any type. Shared with its readers, so that they read without the lock.
type Stored = Arc<dyn Any + Send + Sync>;

impl DataMap {
    /// Inserts a value and returns the previous value of the same type.
    ///
    /// The value is dropped if the socket has left and its disconnect handlers have run.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        let value: Stored = Arc::new(value);
        let Some(mut values) = self.write() else {
            log_dropped();
            return None;
        };
        let old = values.by_type.insert(TypeId::of::<T>(), value);
        drop(values);
        RunningUpdates::conflict(self, TypeId::of::<T>());
        downcast(old?)
    }

    /// Returns a clone of the value of this type.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.with(T::clone)
    }

    /// Calls `read` with the value of this type, if there is one.
    ///
    /// `read` sees the value as it was at the time of the call, even if it is replaced or removed
    /// meanwhile.
    pub fn with<T: Send + Sync + 'static, R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        let value: Arc<T> = downcast(self.stored(TypeId::of::<T>())?)?;
        Some(read(&value))
    }

    /// Calls `update` with a mutable reference to a clone of the value of this type, and stores the
    /// clone as the new value. Returns the result of `update`.
    ///
    /// As in [`fetch_update`](std::sync::atomic::AtomicUsize::fetch_update), `update` is called again
    /// with the newer value if another thread has changed the value meanwhile. Its result is then
    /// dropped. No caller waits. In `update`, the map still has the old value of this type.
    ///
    /// Returns `None` if there is no value of this type or it was removed meanwhile. Also returns
    /// `None`, logs an error and discards the change in two cases:
    ///
    /// - `update` itself changes the value through the map. That inner change stays.
    /// - Other threads have changed the value during each of 1000 calls, because many of them update
    ///   it at the same time, or because `update` waits for a thread that does.
    ///
    /// A value that changes often or is expensive to clone belongs in a `Mutex` or an atomic, which
    /// [`with`](Self::with) reads.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::Socket;
    ///
    /// #[derive(Clone, Default)]
    /// struct Counts { messages: u32 }
    ///
    /// async fn message(socket: Socket) {
    ///     let number = socket.data().update(|counts: &mut Counts| {
    ///         counts.messages += 1;
    ///         counts.messages
    ///     });
    ///     println!("message number {number:?}");
    /// }
    /// ```
    pub fn update<T, R>(&self, mut update: impl FnMut(&mut T) -> R) -> Option<R>
    where
        T: Clone + Send + Sync + 'static,
    {
        let id = TypeId::of::<T>();
        let mut current = self.stored(id)?;
        for _ in 0..MAX_UPDATE_ATTEMPTS {
            let running = RunningUpdates::enter(self, id);
            let mut changed = T::clone(current.downcast_ref()?);
            let result = update(&mut changed);
            if running.has_conflict() {
                log_conflict(type_name::<T>());
                return None;
            }
            drop(running);
            let changed: Stored = Arc::new(changed);
            match self.replace(id, &current, &changed) {
                Ok(()) => {
                    RunningUpdates::conflict(self, id);
                    return Some(result);
                }
                Err(newer) => current = newer?,
            }
        }
        log_contention(type_name::<T>());
        None
    }

    /// Removes and returns the value of this type.
    ///
    /// Use [`Arc::into_inner`] to take a value that is not being read elsewhere.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let removed = self.values()?.write().by_type.remove(&TypeId::of::<T>());
        RunningUpdates::conflict(self, TypeId::of::<T>());
        downcast(removed?)
    }

    /// Returns a copy of the JSON value of a key of Node's `socket.data`.
    ///
    /// Values come from [`insert_json`](Self::insert_json) or from connection state recovery.
    /// Recovery restores a key as JSON if no shared type
    /// ([`Namespace::share_data`](crate::Namespace::share_data)) uses it, for example if a Node
    /// server has set it.
    #[must_use]
    pub fn json(&self, key: &str) -> Option<Value> {
        self.values()?.read().json.as_ref()?.get(key).cloned()
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
        values.json.get_or_insert_default().insert(key, value)
    }

    /// Removes and returns the JSON value of a key.
    pub fn remove_json(&self, key: &str) -> Option<Value> {
        self.values()?.write().json.as_mut()?.remove(key)
    }

    /// Returns a copy of all JSON values.
    pub(crate) fn all_json(&self) -> serde_json::Map<String, Value> {
        let json = |values: &RwLock<Values>| values.read().json.as_deref().cloned();
        self.values().and_then(json).unwrap_or_default()
    }

    /// Removes all values and rejects later ones. A value may hold the socket, which would
    /// otherwise never be freed.
    pub(crate) fn close(&self) {
        if let Some(values) = self.values.get_or_init(|| None) {
            let closed = Values {
                closed: true,
                ..Values::default()
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

    fn stored(&self, id: TypeId) -> Option<Stored> {
        self.values()?.read().by_type.get(&id).cloned()
    }

    /// Replaces a value unless it has changed.
    ///
    /// # Errors
    ///
    /// Returns the newer value, or `None` if it was removed.
    fn replace(&self, id: TypeId, current: &Stored, new: &Stored) -> Result<(), Option<Stored>> {
        let Some(values) = self.values() else {
            return Err(None);
        };
        // The caller owns both values, so that neither is dropped under the lock.
        match values.write().by_type.get_mut(&id) {
            Some(stored) if Arc::ptr_eq(stored, current) => {
                *stored = Arc::clone(new);
                Ok(())
            }
            Some(newer) => Err(Some(Arc::clone(newer))),
            None => Err(None),
        }
    }
}

/// The updates whose closures run on this thread, innermost last.
///
/// A closure may change the value that it updates through the map. Calling it again would repeat
/// that change without end.
struct RunningUpdates;

struct RunningUpdate {
    /// The address of the map, which outlives the update.
    map: usize,
    id: TypeId,
    /// Whether the closure has changed the value through the map.
    has_conflict: bool,
}

thread_local! {
    static RUNNING_UPDATES: RefCell<Vec<RunningUpdate>> = const { RefCell::new(Vec::new()) };
}

impl RunningUpdates {
    /// Adds an update until the guard is dropped.
    fn enter(map: &DataMap, id: TypeId) -> RunningUpdateGuard {
        RUNNING_UPDATES.with_borrow_mut(|updates| {
            updates.push(RunningUpdate {
                map: std::ptr::from_ref(map).addr(),
                id,
                has_conflict: false,
            });
        });
        RunningUpdateGuard
    }

    /// Records that this thread has changed a value.
    fn conflict(map: &DataMap, id: TypeId) {
        let map = std::ptr::from_ref(map).addr();
        let record = |updates: &RefCell<Vec<RunningUpdate>>| {
            for update in &mut *updates.borrow_mut() {
                update.has_conflict |= update.map == map && update.id == id;
            }
        };
        // Fails only in destructors of other thread locals, which run in no update.
        RUNNING_UPDATES.try_with(record).ok();
    }
}

/// The registration of the innermost update of this thread.
struct RunningUpdateGuard;

impl RunningUpdateGuard {
    fn has_conflict(&self) -> bool {
        RUNNING_UPDATES
            .with_borrow(|updates| updates.last().is_some_and(|update| update.has_conflict))
    }
}

impl Drop for RunningUpdateGuard {
    fn drop(&mut self) {
        RUNNING_UPDATES.with_borrow_mut(Vec::pop);
    }
}

fn log_dropped() {
    tracing::debug!("a value was dropped because its socket is closed");
}

fn log_conflict(r#type: &'static str) {
    engineio::log_limited!(
        error,
        None,
        "an update of socket data was discarded because its closure has changed the same value: \
         change the value only through the reference that the closure receives",
        r#type,
    );
}

fn log_contention(r#type: &'static str) {
    engineio::log_limited!(
        error,
        None,
        "an update of socket data was discarded because other threads have changed the value \
         during 1000 calls of its closure: store it in a `Mutex` or an atomic",
        r#type,
    );
}

fn downcast<T: Send + Sync + 'static>(value: Stored) -> Option<Arc<T>> {
    value.downcast().ok()
}

impl fmt::Debug for DataMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataMap").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, mpsc};
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_map_stores_one_value_per_type() {
        let data = DataMap::default();
        assert_eq!(data.insert(1_u32), None);
        assert_eq!(data.insert("a"), None);
        assert_eq!(data.insert(2_u32).as_deref(), Some(&1));
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
        assert_eq!(data.remove::<u32>().as_deref(), Some(&3));
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

    /// A value whose `Clone` and `Drop` implementations use the map that stores it.
    struct UsesMap(Arc<DataMap>);

    impl UsesMap {
        fn use_map(&self) {
            let Self(data) = self;
            data.insert(1_u8);
            data.update(|value: &mut u8| *value += 1);
            assert_eq!(data.remove::<u8>().as_deref(), Some(&2));
            data.insert_json("a", 1);
        }
    }

    impl Clone for UsesMap {
        fn clone(&self) -> Self {
            self.use_map();
            Self(Arc::clone(&self.0))
        }
    }

    impl Drop for UsesMap {
        fn drop(&mut self) {
            self.0.insert_json("dropped", true);
            self.0.with(|_: &u8| ());
        }
    }

    /// Runs `call` in a separate thread and fails if it blocks.
    fn within_deadline(name: &str, call: impl FnOnce() + Send + 'static) {
        let (done, finished) = mpsc::channel();
        std::thread::spawn(move || {
            call();
            done.send(()).ok();
        });
        let finished = finished.recv_timeout(Duration::from_secs(5));
        assert!(finished.is_ok(), "{name} blocks or panics");
    }

    #[test]
    fn no_lock_is_held_while_the_application_runs() {
        type Call = fn(&Arc<DataMap>);
        let calls: [(&str, Call); 13] = [
            ("update that reads its value", |data| {
                let seen = data.update(|n: &mut u32| {
                    *n += 1;
                    data.get::<u32>()
                });
                assert_eq!((seen, data.get()), (Some(Some(7)), Some(8_u32)));
            }),
            ("update that updates its value", |data| {
                let inner = |n: &mut u32| {
                    *n += 1;
                    data.update(|n: &mut u32| *n += 10)
                };
                assert_eq!(data.update(inner), None);
                assert_eq!(data.get(), Some(17_u32), "the inner change stays");
            }),
            ("update that inserts its value", |data| {
                assert!(
                    data.update(|_: &mut u32| drop(data.insert(1_u32)))
                        .is_none()
                );
                assert_eq!(data.get(), Some(1_u32));
            }),
            ("update that removes its value", |data| {
                assert!(
                    data.update(|_: &mut u32| drop(data.remove::<u32>()))
                        .is_none()
                );
                assert_eq!(data.get::<u32>(), None);
            }),
            ("update that changes another value", |data| {
                let update = |n: &mut u32| {
                    *n += 1;
                    data.insert_json("a", 1);
                    data.insert(2_u64);
                    data.update(|other: &mut u64| *other += 1)
                };
                assert_eq!(data.update(update), Some(Some(())));
                assert_eq!((data.get(), data.get()), (Some(8_u32), Some(3_u64)));
            }),
            ("update that waits for a thread that reads", |data| {
                data.update(|_: &mut u32| {
                    let data = Arc::clone(data);
                    let reader = std::thread::spawn(move || data.get::<u32>());
                    assert_eq!(reader.join().expect("no panic"), Some(7));
                });
            }),
            ("update that waits for a thread that updates", |data| {
                let updated = data.update(|_: &mut u32| {
                    let data = Arc::clone(data);
                    let update = move || data.update(|n: &mut u32| *n += 1);
                    std::thread::spawn(update).join().expect("no panic");
                });
                assert_eq!(updated, None);
                assert_eq!(data.get(), Some(7 + MAX_UPDATE_ATTEMPTS as u32));
            }),
            ("update that closes the map", |data| {
                assert!(data.update(|_: &mut u32| data.close()).is_none());
            }),
            ("read that changes its value", |data| {
                data.with(|n: &u32| {
                    data.insert(n + 1);
                    data.update(|n: &mut u32| *n += 1);
                    assert_eq!((*n, data.get()), (7, Some(9_u32)));
                    data.remove::<u32>();
                });
                assert_eq!(data.get::<u32>(), None);
            }),
            ("clone", |data| {
                data.insert(UsesMap(Arc::clone(data)));
                drop(data.get::<UsesMap>());
                data.update(|_: &mut UsesMap| ());
            }),
            ("drop of a replaced value", |data| {
                data.insert(UsesMap(Arc::clone(data)));
                data.insert(UsesMap(Arc::clone(data)));
                assert_eq!(data.json("dropped"), Some(true.into()));
            }),
            ("drop of a removed value", |data| {
                data.insert(UsesMap(Arc::clone(data)));
                data.remove::<UsesMap>();
                assert_eq!(data.json("dropped"), Some(true.into()));
            }),
            ("drop of a value of a closed map", |data| {
                data.insert(UsesMap(Arc::clone(data)));
                data.close();
                data.insert(UsesMap(Arc::clone(data)));
            }),
        ];
        for (name, call) in calls {
            within_deadline(name, move || {
                let data = Arc::new(DataMap::default());
                data.insert(7_u32);
                call(&data);
            });
        }
    }

    /// Two threads that each update one map inside an update of the other.
    #[test]
    fn updates_of_two_maps_that_cross_finish() {
        within_deadline("a pair of updates", || {
            let maps = [Arc::new(DataMap::default()), Arc::new(DataMap::default())];
            maps.iter().for_each(|map| drop(map.insert(0_u32)));
            let both_are_inside = Arc::new(Barrier::new(2));
            let threads = [[0, 1], [1, 0]].map(|[outer, inner]| {
                let [outer, inner] = [outer, inner].map(|index: usize| Arc::clone(&maps[index]));
                let both_are_inside = Arc::clone(&both_are_inside);
                std::thread::spawn(move || {
                    let mut is_first = true;
                    outer.update(|_: &mut u32| {
                        if std::mem::take(&mut is_first) {
                            both_are_inside.wait();
                        }
                        inner.update(|n: &mut u32| *n += 1)
                    })
                })
            });
            let results = threads.map(|thread| thread.join().expect("no panic"));
            assert_eq!(results, [Some(Some(())), Some(Some(()))]);
        });
    }

    #[test]
    fn concurrent_updates_are_all_applied() {
        let data = DataMap::default();
        data.insert(0_usize);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        data.update(|n: &mut usize| *n += 1).expect("a value");
                    }
                });
            }
        });
        assert_eq!(data.get(), Some(4_000_usize));
    }

    #[test]
    fn a_panic_in_an_update_changes_nothing() {
        let data = DataMap::default();
        data.insert(1_u32);
        let update = || {
            data.update(|n: &mut u32| {
                *n = 2;
                panic!("fails")
            })
        };
        let result: Result<Option<()>, _> =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(update));
        assert!(result.is_err());
        assert_eq!(data.get(), Some(1_u32));
        data.insert(3_u32);
        assert_eq!(data.update(|n: &mut u32| *n), Some(3));
    }
}
