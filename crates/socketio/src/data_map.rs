use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

use parking_lot::RwLock;

/// Values that the application keeps with a socket, one of each type (Node's `socket.data`).
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
    values: RwLock<Option<Box<Values>>>,
}

type Values = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

impl DataMap {
    /// Keeps a value and returns the one of the same type that was there before.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Option<T> {
        let mut values = self.values.write();
        let old = values
            .get_or_insert_default()
            .insert(TypeId::of::<T>(), Box::new(value));
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
        let values = self.values.read();
        let value = values.as_ref()?.get(&TypeId::of::<T>())?;
        value.downcast_ref().map(read)
    }

    /// Changes the value of this type in place.
    ///
    /// Nothing else can be read or inserted meanwhile, so `update` should be short.
    pub fn update<T: Send + Sync + 'static, R>(
        &self,
        update: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let mut values = self.values.write();
        let value = values.as_mut()?.get_mut(&TypeId::of::<T>())?;
        value.downcast_mut().map(update)
    }

    /// Takes the value of this type out.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<T> {
        let value = self.values.write().as_mut()?.remove(&TypeId::of::<T>())?;
        downcast(value)
    }

    /// Takes everything out.
    pub(crate) fn clear(&self) {
        let values = self.values.write().take();
        drop(values);
    }
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
        data.clear();
        assert_eq!(data.get::<&str>(), None);
    }
}
