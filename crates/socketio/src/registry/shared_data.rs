//! The types of socket data that other servers see, and their JSON form.

use std::any::{TypeId, type_name};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use engineio::log::{Escaped, panic_message};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use smol_str::SmolStr;

use crate::socket_state::data_map::DataMap;

/// The types whose values are part of Node's `socket.data`, with their keys.
#[derive(Clone, Default)]
pub(crate) struct SharedData {
    types: Vec<SharedType>,
}

#[derive(Clone)]
struct SharedType {
    key: SmolStr,
    id: TypeId,
    name: &'static str,
    describe: fn(&DataMap) -> Option<serde_json::Result<Value>>,
    restore: fn(&DataMap, &Value) -> serde_json::Result<()>,
}

impl SharedData {
    /// Assigns a key to a type. Each type has one key, and each key one type: the last call wins.
    pub(crate) fn share<T>(&mut self, key: &str)
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let shared = SharedType {
            key: key.into(),
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
            describe: |data| data.with(|value: &T| serde_json::to_value(value)),
            restore: |data, value| {
                data.insert(T::deserialize(value)?);
                Ok(())
            },
        };
        self.types
            .retain(|known| known.id != shared.id && known.key != shared.key);
        self.types.push(shared);
    }

    /// Returns the shared data of a socket as a JSON object.
    pub(crate) fn describe(&self, data: &DataMap) -> Value {
        let mut described = data.all_json();
        for shared in &self.types {
            let Some(described_value) = shared.catch(|| (shared.describe)(data)) else {
                continue;
            };
            match described_value {
                None => {}
                Some(Ok(value)) => {
                    described.insert(shared.key.as_str().to_owned(), value);
                }
                Some(Err(error)) => engineio::log_limited!(
                    error,
                    None,
                    "shared data was omitted because it cannot serialise as JSON: use types \
                     with string keys in maps",
                    key = ?Escaped(&shared.key),
                    r#type = shared.name,
                    error = %Escaped(&error),
                ),
            }
        }
        Value::Object(described)
    }

    /// Restores data that this server or a Node server has described.
    ///
    /// A value without a type for its key, or of another type, is kept as JSON.
    pub(crate) fn restore(&self, described: Value, data: &DataMap) {
        let described = match described {
            Value::Object(described) => described,
            Value::Null => return,
            other => {
                engineio::log_limited!(
                    warn,
                    None,
                    "the data of a socket was discarded because it is not an object: store \
                     values under keys",
                    found = kind(&other),
                );
                return;
            }
        };
        for (key, value) in described {
            let Some(shared) = self.types.iter().find(|shared| shared.key == key) else {
                data.insert_json(key, value);
                continue;
            };
            match shared.catch(|| (shared.restore)(data, &value)) {
                Some(Ok(())) => continue,
                // The error quotes the value.
                Some(Err(_)) => engineio::log_limited!(
                    warn,
                    None,
                    "the data of a socket does not match its type and is kept as JSON: let all \
                     servers share the same types",
                    key = ?Escaped(&key),
                    r#type = shared.name,
                ),
                None => {}
            }
            data.insert_json(key, value);
        }
    }
}

/// Returns the kind of a JSON value, for logs.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl SharedType {
    /// Calls the `Serialize` or `Deserialize` implementation of the application. Returns `None` if
    /// it panics.
    fn catch<R>(&self, call: impl FnOnce() -> R) -> Option<R> {
        // Unwind safe for this crate; only state that the type shares may be inconsistent.
        let result = catch_unwind(AssertUnwindSafe(call));
        if let Err(payload) = &result {
            engineio::log_limited!(
                error,
                None,
                "a type of shared data panicked: its value is omitted or kept as JSON; set \
                 RUST_BACKTRACE=1 to see where",
                key = ?Escaped(&self.key),
                r#type = self.name,
                panic = ?Escaped(panic_message(&**payload)),
            );
        }
        result.ok()
    }
}

impl fmt::Debug for SharedData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.types.iter().map(|shared| (&shared.key, shared.name));
        f.debug_map().entries(types).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct User {
        name: String,
    }

    fn ada() -> User {
        User {
            name: "ada".to_owned(),
        }
    }

    fn sharing_users() -> SharedData {
        let mut shared = SharedData::default();
        shared.share::<User>("user");
        shared
    }

    #[test]
    fn only_shared_values_are_described() {
        let (shared, data) = (sharing_users(), DataMap::default());
        assert_eq!(shared.describe(&data), json!({}));
        data.insert("private");
        data.insert(ada());
        data.insert_json("score", 7);
        assert_eq!(
            shared.describe(&data),
            json!({ "user": { "name": "ada" }, "score": 7 })
        );
    }

    #[test]
    fn described_values_are_restored() {
        let (shared, data) = (sharing_users(), DataMap::default());
        let described = json!({ "user": { "name": "ada" }, "of node": [1, null] });
        shared.restore(described.clone(), &data);
        assert_eq!(data.remove::<User>().as_deref(), Some(&ada()));
        assert_eq!(data.json("of node"), Some(json!([1, null])));
        data.insert(ada());
        assert_eq!(shared.describe(&data), described);
    }

    #[test]
    fn a_value_of_another_type_is_kept_as_json_until_replaced() {
        let (shared, data) = (sharing_users(), DataMap::default());
        shared.restore(json!({ "user": "ada" }), &data);
        assert_eq!(data.with(|_: &User| ()), None);
        assert_eq!(shared.describe(&data), json!({ "user": "ada" }));
        data.insert(ada());
        assert_eq!(shared.describe(&data), json!({ "user": { "name": "ada" } }));
    }

    #[test]
    fn data_other_than_an_object_is_discarded() {
        let (shared, data) = (sharing_users(), DataMap::default());
        for other in [json!(null), json!([1]), json!("user")] {
            shared.restore(other, &data);
        }
        assert_eq!(shared.describe(&data), json!({}));
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(act: impl FnOnce()) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.finish(), act);
        String::from_utf8(std::mem::take(&mut *log.0.lock())).unwrap()
    }

    #[test]
    fn data_of_another_server_is_not_logged() {
        let data = DataMap::default();
        let discarded = logged(|| SharedData::default().restore(json!(["SECRET"]), &data));
        assert!(discarded.contains("not an object"), "{discarded}");
        assert!(discarded.contains(r#"found="an array""#), "{discarded}");
        let unfit = logged(|| sharing_users().restore(json!({ "user": "SECRET" }), &data));
        assert!(unfit.contains("kept as JSON"), "{unfit}");
        assert!(unfit.contains("tests::User"), "{unfit}");
        for written in [discarded, unfit] {
            assert!(!written.contains("SECRET"), "{written}");
        }
    }

    #[test]
    fn a_key_has_one_type_and_a_type_one_key() {
        let (mut shared, data) = (sharing_users(), DataMap::default());
        data.insert(ada());
        data.insert(7_u32);
        shared.share::<User>("account");
        assert_eq!(
            shared.describe(&data),
            json!({ "account": { "name": "ada" } })
        );
        shared.share::<u32>("account");
        assert_eq!(shared.describe(&data), json!({ "account": 7 }));
    }

    #[test]
    fn a_value_that_fails_to_serialise_is_omitted() {
        type Wrong = HashMap<(u8, u8), u8>;
        let (mut shared, data) = (sharing_users(), DataMap::default());
        shared.types.push(SharedType {
            describe: |data| data.with(|value: &Wrong| serde_json::to_value(value)),
            key: "wrong".into(),
            ..shared.types[0].clone()
        });
        data.insert(Wrong::from([((1, 2), 3)]));
        data.insert(ada());
        assert_eq!(shared.describe(&data), json!({ "user": { "name": "ada" } }));
    }

    /// A type with a hand-written implementation that panics.
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("cannot serialise")
        }
    }

    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("cannot deserialise")
        }
    }

    #[test]
    fn a_panic_affects_only_its_own_key() {
        let (mut shared, data) = (SharedData::default(), DataMap::default());
        shared.share::<Panics>("explosive");
        shared.share::<User>("user");
        data.insert(Panics);
        data.insert(ada());
        assert_eq!(shared.describe(&data), json!({ "user": { "name": "ada" } }));

        let data = DataMap::default();
        let described = json!({ "explosive": [1], "user": { "name": "ada" } });
        shared.restore(described.clone(), &data);
        assert_eq!(data.json("explosive"), Some(json!([1])));
        assert_eq!(shared.describe(&data), described);
    }
}
