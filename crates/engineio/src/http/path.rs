//! The path that an engine serves.

use std::sync::Arc;

/// The path that the engine serves, including everything below it.
#[derive(Clone, Debug)]
pub(crate) struct ServedPath {
    /// The path with a leading and a trailing slash.
    prefix: Arc<str>,
    /// Whether clients append the trailing slash.
    slash: bool,
}

impl ServedPath {
    pub(crate) fn new(path: &str) -> Self {
        Self {
            prefix: prefix(path),
            slash: true,
        }
    }

    pub(crate) fn set(&mut self, path: &str) {
        self.prefix = prefix(path);
    }

    pub(crate) fn set_slash(&mut self, slash: bool) {
        self.slash = slash;
    }

    /// Returns the path as clients request it.
    pub(crate) fn as_str(&self) -> &str {
        match self.without_slash() {
            "" => "/",
            path if !self.slash => path,
            _ => &self.prefix,
        }
    }

    /// Returns the part of `path` below this path.
    pub(crate) fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&*self.prefix)
    }

    /// Returns whether `path` is this path or below it.
    ///
    /// Node compares string prefixes, so that without the slash it also serves `/socket.iofoo`.
    pub(crate) fn contains(&self, path: &str) -> bool {
        path.starts_with(&*self.prefix) || !self.slash && path == self.without_slash()
    }

    fn without_slash(&self) -> &str {
        self.prefix.strip_suffix('/').unwrap_or_default()
    }
}

fn prefix(path: &str) -> Arc<str> {
    match path.trim_matches('/') {
        "" => "/".into(),
        path => format!("/{path}/").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_normalized_with_its_slash() {
        for path in ["/live", "live/", "/live/", "live"] {
            let mut path = ServedPath::new(path);
            assert_eq!(path.as_str(), "/live/");
            path.set_slash(false);
            assert_eq!(path.as_str(), "/live");
        }
        assert_eq!(ServedPath::new("/").as_str(), "/");
    }

    #[test]
    fn everything_below_the_path_is_served() {
        let mut path = ServedPath::new("/a/b");
        for slash in [true, false] {
            path.set_slash(slash);
            assert!(path.contains("/a/b/"));
            assert!(path.contains("/a/b/c/d"));
            assert_eq!(path.contains("/a/b"), !slash);
            for other in ["/", "/a", "/a/", "/a/bc", "/a/bc/", "x/a/b/"] {
                assert!(!path.contains(other), "{other}");
            }
        }
        assert_eq!(path.below("/a/b/c/d"), Some("c/d"));
        assert_eq!(path.below("/a/bc/d"), None);
        let mut root = ServedPath::new("/");
        for slash in [true, false] {
            root.set_slash(slash);
            assert!(root.contains("/") && root.contains("/anything"));
        }
    }
}
