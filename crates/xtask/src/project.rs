//! The workspace, as cargo describes it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{cargo, read};
use crate::failure::Failure;

/// The workspace.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// The target folder.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) features: Vec<String>,
    pub(crate) published: bool,
    /// The stated minimum version of the compiler.
    pub(crate) rust_version: Option<String>,
}

impl Project {
    /// Loads the metadata of the workspace from cargo.
    ///
    /// # Errors
    /// If the workspace cannot be loaded.
    pub(crate) fn load() -> Result<Self, Failure> {
        let text = read(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
        let project = serde_json::from_str(&text)
            .ok()
            .and_then(|value| Self::from_metadata(&value));
        project.ok_or_else(|| Failure::new("`cargo metadata` returned unknown data; update cargo"))
    }

    fn from_metadata(metadata: &Value) -> Option<Self> {
        let path = |name: &str| metadata.get(name)?.as_str().map(PathBuf::from);
        let packages = metadata.get("packages")?.as_array()?.iter();
        Some(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            packages: packages
                .map(Package::from_metadata)
                .collect::<Option<_>>()?,
        })
    }

    /// Returns the path of a folder of the workspace, if it exists.
    pub(crate) fn folder(&self, path: &str) -> Option<PathBuf> {
        Some(self.root.join(path)).filter(|path| path.is_dir())
    }

    /// Returns the path relative to the root.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Package {
    fn from_metadata(package: &Value) -> Option<Self> {
        let mut features: Vec<_> = package
            .get("features")?
            .as_object()?
            .keys()
            .cloned()
            .collect();
        features.retain(|feature| feature != "default");
        features.sort();
        // `null` permits any registry, and an empty list none.
        let published = package
            .get("publish")?
            .as_array()
            .is_none_or(|list| !list.is_empty());
        Some(Self {
            name: package.get("name")?.as_str()?.to_owned(),
            version: package.get("version")?.as_str()?.to_owned(),
            features,
            published,
            rust_version: package.get("rust_version")?.as_str().map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_loaded() {
        let project = Project::load().unwrap();
        let package = |name| {
            project
                .packages
                .iter()
                .find(|package| package.name == name)
                .unwrap()
        };
        assert!(!package("xtask").published);
        assert!(!package("bench").published);
        assert!(package("socketio-server").published);
        assert!(package("socketio-server").rust_version.is_some());
        assert!(project.folder("crates/xtask").is_some());
        assert!(project.folder("crates/nothing").is_none());
    }

    #[test]
    fn features_are_listed_without_the_default() {
        let metadata = serde_json::json!({
            "workspace_root": "/w", "target_directory": "/t",
            "packages": [{
                "name": "a", "version": "0.1.0", "publish": null, "rust_version": "1.95",
                "features": { "default": ["y"], "y": [], "x": ["y"] }
            }]
        });
        let project = Project::from_metadata(&metadata).unwrap();
        assert_eq!(project.packages[0].features, ["x", "y"]);
        assert!(project.packages[0].published);
    }
}
