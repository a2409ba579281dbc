//! The text files of the repository.

use std::fs;
use std::path::Path;

use crate::failure::Failure;

/// Folders that hold no sources.
const SKIPPED: [&str; 3] = ["node_modules", "target", "corpus"];

/// A file and its text.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path relative to the root of the workspace, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The name of the file without folders and extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.split_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// Reads the files below a folder of the workspace whose names end with `.extension`, ordered by path.
///
/// # Errors
/// If a folder or file cannot be read.
pub(crate) fn below(root: &Path, folder: &str, extension: &str) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    collect(root, folder, extension, &mut sources)?;
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn collect(
    root: &Path,
    folder: &str,
    extension: &str,
    sources: &mut Vec<Source>,
) -> Result<(), Failure> {
    let unreadable = |path: &str, error| {
        Failure::new(format!("cannot read {path}: {error}; check it out again"))
    };
    let path = root.join(folder);
    for entry in fs::read_dir(&path).map_err(|error| unreadable(folder, error))? {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let path = match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let kind = entry
            .file_type()
            .map_err(|error| unreadable(&path, error))?;
        if kind.is_dir() {
            if !SKIPPED.contains(&name) {
                collect(root, &path, extension, sources)?;
            }
        } else if kind.is_file()
            && Path::new(name)
                .extension()
                .is_some_and(|end| end == extension)
        {
            let text =
                fs::read_to_string(entry.path()).map_err(|error| unreadable(&path, error))?;
            sources.push(Source { path, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn sources_have_relative_paths() {
        let root = Project::load().unwrap().root;
        let sources = below(&root, "crates/xtask", "rs").unwrap();
        let this = sources.iter().find(|source| source.stem() == "sources");
        let this = this.unwrap();
        assert_eq!(this.path, "crates/xtask/src/sources.rs");
        assert!(this.text.contains("fn sources_have_relative_paths"));
        assert!(below(&root, "no/such/folder", "rs").is_err());
    }
}
