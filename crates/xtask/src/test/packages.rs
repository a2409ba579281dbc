//! The published packages: complete, publishable, and buildable with the oldest dependencies that their manifests allow.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{cargo, program, read, run};
use crate::failure::Failure;
use crate::install::Report;
use crate::project::Project;

/// The files that every package contains, apart from its sources.
const CONTENTS: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Packs every published crate and unpacks it to a workspace below the target folder.
///
/// The packages are not built as `cargo publish` would do: [`minimal_versions`] builds them, with other versions. Without a
/// registry the step is reported as not checked.
///
/// # Errors
///
/// If a package cannot be published or lacks a file.
pub(super) fn check(project: &Project, report: &mut Report) -> Result<(), Failure> {
    if !registry_is_reachable(project, report) {
        return Ok(());
    }
    let options = ["--quiet", "--allow-dirty", "--no-verify"];
    let mut publish = cargo();
    publish
        .current_dir(&project.root)
        .args(["publish", "--workspace", "--dry-run"])
        .args(options);
    read(&mut publish)?;
    let mut package = cargo();
    package
        .current_dir(&project.root)
        .arg("package")
        .args(options);
    for name in published(project) {
        package.args(["--package", name]);
    }
    read(&mut package)?;
    unpack(project)
}

/// Builds the unpacked packages with the lowest versions that their manifests allow for direct dependencies.
///
/// # Errors
///
/// If a requirement is lower than what another dependency needs, or a package does not build.
pub(super) fn minimal_versions(project: &Project) -> Result<(), Failure> {
    let folder = workspace(project);
    if !folder.join("Cargo.toml").is_file() {
        return Ok(());
    }
    let inside = || {
        let mut cargo = cargo();
        cargo
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0");
        cargo
    };
    // An unstable option of cargo; nothing is compiled with it.
    let mut resolve = inside();
    resolve.env("RUSTC_BOOTSTRAP", "1").args([
        "generate-lockfile",
        "-Z",
        "direct-minimal-versions",
    ]);
    read(&mut resolve)?;
    run(inside().args(["check", "--quiet", "--workspace"]))?;
    run(inside().args(["check", "--quiet", "--workspace", "--all-features"]))
}

/// The folder of the unpacked packages.
fn workspace(project: &Project) -> PathBuf {
    project.target.join("packages")
}

fn published(project: &Project) -> impl Iterator<Item = &str> {
    let packages = project.packages.iter().filter(|package| package.published);
    packages.map(|package| package.name.as_str())
}

/// Asks cargo for newer versions, without taking them.
fn registry_is_reachable(project: &Project, report: &mut Report) -> bool {
    let folder = workspace(project);
    // A workspace of an earlier run must not be checked in place of this one.
    let _ = fs::remove_file(folder.join("Cargo.toml"));
    let mut update = cargo();
    update
        .current_dir(&project.root)
        .args(["update", "--dry-run", "--quiet"]);
    match read(&mut update) {
        Ok(_) => true,
        Err(failure) => {
            report.tool(
                "the package registry (packages and minimal versions)",
                failure,
            );
            false
        }
    }
}

/// Unpacks the packages, whose names in the target folder end in their versions.
fn unpack(project: &Project) -> Result<(), Failure> {
    let folder = workspace(project);
    let unwritable = |error| Failure::new(format!("cannot write {}: {error}", folder.display()));
    let mut manifest = String::from(
        "[workspace]\nresolver = \"3\"\nmembers = [\"*-[0-9]*\"]\n\n[patch.crates-io]\n",
    );
    fs::create_dir_all(&folder).map_err(unwritable)?;
    for entry in fs::read_dir(&folder).map_err(unwritable)?.flatten() {
        if entry.path().join(CONTENTS[0]).is_file() {
            fs::remove_dir_all(entry.path()).map_err(unwritable)?;
        }
    }
    for package in project.packages.iter().filter(|package| package.published) {
        let name = format!("{}-{}", package.name, package.version);
        let archive = project.target.join("package").join(format!("{name}.crate"));
        // Not with the times in the archive, which are always the same: cargo would not see a change.
        read(
            program("tar")
                .arg("xzmf")
                .arg(&archive)
                .arg("-C")
                .arg(&folder),
        )?;
        let unpacked = folder.join(&name);
        complete(&unpacked)?;
        let path = unpacked.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(unwritable)?;
        fs::write(path, without_dev_dependencies(&text)).map_err(unwritable)?;
        let _ = writeln!(manifest, "{} = {{ path = \"{name}\" }}", package.name);
    }
    let _ = fs::remove_file(folder.join("Cargo.lock"));
    fs::write(folder.join("Cargo.toml"), manifest).map_err(unwritable)
}

fn complete(package: &Path) -> Result<(), Failure> {
    match CONTENTS.iter().find(|file| !package.join(file).is_file()) {
        None => Ok(()),
        Some(file) => Err(Failure::new(format!(
            "the package {} contains no {file}; add it to the folder of the crate",
            package.file_name().unwrap_or_default().display()
        ))),
    }
}

/// Removes the dependencies of the tests, which users of the package do not build.
fn without_dev_dependencies(manifest: &str) -> String {
    let mut keep = true;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            keep = !line.contains("dev-dependencies");
        }
        if keep {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_dependencies_are_removed() {
        let manifest = "[package]\nname = \"a\"\n\n[dev-dependencies.b]\nversion = \"1\"\n\n[lib]\npath = \"c\"\n";
        let expected = "[package]\nname = \"a\"\n\n[lib]\npath = \"c\"\n";
        assert_eq!(without_dev_dependencies(manifest), expected);
    }

    #[test]
    fn a_missing_licence_is_named() {
        let failure = complete(Path::new("/no-such-folder/a-1.0.0")).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "the package a-1.0.0 contains no LICENSE-APACHE; add it to the folder of the crate"
        );
    }
}
