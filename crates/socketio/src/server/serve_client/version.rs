//! The version of the browser client, which is its `ETag`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The text in front of the version at the start of a file of the client.
const BANNER: &str = "Socket.IO v";

/// The number of bytes at the start of a file that are searched for the version.
const BANNER_WITHIN: usize = 200;

/// Returns the version of the client: from a file, from its package, or a hash of the files.
pub(super) fn of<'a>(
    files: impl Iterator<Item = &'a [u8]> + Clone,
    package: Option<&[u8]>,
) -> String {
    files
        .clone()
        .find_map(in_banner)
        .or_else(|| package.and_then(in_package))
        .unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            files.for_each(|file| file.hash(&mut hasher));
            format!("{:016x}", hasher.finish())
        })
}

fn in_banner(file: &[u8]) -> Option<String> {
    let beginning = String::from_utf8_lossy(file.get(..BANNER_WITHIN).unwrap_or(file));
    let (_, rest) = beginning.split_once(BANNER)?;
    is_version(rest.split_ascii_whitespace().next()?)
}

fn in_package(package: &[u8]) -> Option<String> {
    let package: serde_json::Value = serde_json::from_slice(package).ok()?;
    is_version(package.get("version")?.as_str()?)
}

/// Returns the version if it is valid in a header.
fn is_version(version: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    (!version.is_empty() && version.bytes().all(is_plain)).then(|| version.to_owned())
}
