//! The names of namespaces.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use smol_str::SmolStr;

/// The name of the main namespace.
const MAIN: &str = "/";

/// The name of a namespace: a string that begins with `/` and contains no comma.
///
/// The main namespace is `/`. A `?query` after the name is part of it, as in Node's server. Names of
/// up to 23 bytes need no allocation, and a clone never allocates.
///
/// # Examples
///
/// ```
/// use socketio_proto::Namespace;
///
/// assert_eq!(Namespace::default(), "/");
/// assert_eq!(Namespace::new("/admin")?.as_str(), "/admin");
/// assert!(Namespace::new("admin").is_err());
/// # Ok::<(), socketio_proto::InvalidNamespace>(())
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Namespace(
    /// `None` for the main namespace and only for it. Most packets belong to it, and it is
    /// recognized without comparing strings.
    Option<SmolStr>,
);

impl Namespace {
    /// The main namespace, `/`.
    pub const MAIN: Self = Self(None);

    /// Creates a namespace with this name.
    ///
    /// # Errors
    ///
    /// If the name does not begin with `/` or contains a comma, which ends a name in messages.
    pub fn new(name: impl Into<SmolStr>) -> Result<Self, InvalidNamespace> {
        let name = name.into();
        // `str::contains` would compile the search for strings too.
        if name.starts_with('/') && !name.as_bytes().contains(&b',') {
            Ok(Self::from_valid(name))
        } else {
            Err(InvalidNamespace { name })
        }
    }

    /// Returns the name.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(MAIN)
    }

    /// Returns whether this is the main namespace, `/`.
    #[must_use]
    #[inline]
    pub fn is_main(&self) -> bool {
        self.0.is_none()
    }

    /// Creates a namespace from a name in a message. Its delimiters make it valid.
    pub(crate) fn from_wire(name: &str) -> Self {
        Self::from_valid(SmolStr::new(name))
    }

    fn from_valid(name: SmolStr) -> Self {
        Self((name != MAIN).then_some(name))
    }
}

impl Hash for Namespace {
    /// Hashes the name, so that a map can be searched by `str`.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for Namespace {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Namespace {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Deref for Namespace {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Namespace {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Namespace {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Namespace {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Namespace {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl TryFrom<&str> for Namespace {
    type Error = InvalidNamespace;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// The error that a string is not a valid name of a [`Namespace`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidNamespace {
    name: SmolStr,
}

impl fmt::Display for InvalidNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not the name of a namespace: begin it with `/` and use no comma",
            self.name
        )
    }
}

impl Error for InvalidNamespace {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_a_slash_and_has_no_comma() {
        for name in ["/", "/a", "/a b", "/a?b=c", "//", "/é"] {
            assert_eq!(Namespace::new(name).unwrap(), name);
        }
        for name in ["", "a", " /", "/a,b", "/,"] {
            assert!(Namespace::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_error_contains_the_remedy() {
        assert_eq!(
            Namespace::new("chat").unwrap_err().to_string(),
            r#""chat" is not the name of a namespace: begin it with `/` and use no comma"#
        );
    }
}
