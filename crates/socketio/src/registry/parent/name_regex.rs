//! Regular expressions for the names of namespaces.

use crate::membership::namespace_shared::Captured;

/// A regular expression of one of the supported crates.
pub(crate) trait NameRegex: Send + Sync {
    /// Matches a name. The result holds the captured groups, if the expression has any.
    fn captures(&self, name: &str) -> Option<Captured>;

    /// Returns the text of the expression.
    fn text(&self) -> &str;
}

/// Implements [`NameRegex`] for a type with the interface of `regex::Regex`.
#[cfg(any(feature = "regex", feature = "regex-lite"))]
macro_rules! impl_name_regex {
    ($regex:ty) => {
        impl NameRegex for $regex {
            fn captures(&self, name: &str) -> Option<Captured> {
                let found = <$regex>::captures(self, name)?;
                let group = |(index, group): (usize, Option<&str>)| {
                    let value = found.get(index)?.as_str().into();
                    let name = group.map_or_else(|| index.to_string().into(), Into::into);
                    Some((name, value))
                };
                // The first group is the whole match.
                let groups: std::sync::Arc<[_]> = self
                    .capture_names()
                    .enumerate()
                    .skip(1)
                    .filter_map(group)
                    .collect();
                Some((!groups.is_empty()).then_some(groups))
            }

            fn text(&self) -> &str {
                self.as_str()
            }
        }
    };
}

#[cfg(feature = "regex")]
impl_name_regex!(regex::Regex);
#[cfg(feature = "regex-lite")]
impl_name_regex!(regex_lite::Regex);
