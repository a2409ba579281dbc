//! `docs/DEPLOYING.md` shows the files that the tests run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use socketio::SocketIoLayer;

use crate::proxy::{configuration, configurations, edited, new_folder};

/// The languages of the blocks that are files of `docs/deploying`.
const LANGUAGES: [&str; 3] = ["nginx", "haproxy", "ini"];

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/DEPLOYING.md");
    fs::read_to_string(path).expect("docs/DEPLOYING.md")
}

/// Returns the fenced blocks of the document with their languages.
fn blocks(document: &str) -> Vec<(&str, &str)> {
    let fenced = document.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.split_once('\n')).collect()
}

fn files() -> BTreeSet<String> {
    fs::read_dir(configurations())
        .expect("docs/deploying")
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.to_string_lossy().into_owned()
        })
        .collect()
}

#[test]
fn the_document_shows_every_file_as_it_is() {
    let document = document();
    let shown: BTreeSet<String> = blocks(&document)
        .into_iter()
        .filter(|(language, _)| LANGUAGES.contains(language))
        .map(|(_, text)| text.trim_end().to_owned())
        .collect();
    let mut expected = BTreeSet::new();
    for file in files() {
        let text = configuration(&file).trim_end().to_owned();
        assert!(
            shown.contains(&text),
            "docs/DEPLOYING.md does not show docs/deploying/{file} as it is: copy the file into the document"
        );
        expected.insert(text);
    }
    let others: Vec<_> = shown.difference(&expected).collect();
    assert!(others.is_empty(), "not in docs/deploying: {others:#?}");
}

/// Returns the seconds after a key in a configuration.
fn seconds(text: &str, key: &str) -> u64 {
    let (_, rest) = text
        .split_once(key)
        .unwrap_or_else(|| panic!("no {key:?} in {text}"));
    let digits = rest
        .trim_start()
        .split(|c: char| !c.is_ascii_digit())
        .next();
    digits
        .and_then(|digits| digits.parse().ok())
        .expect("a number")
}

#[test]
fn the_timeouts_and_sizes_exceed_the_defaults_of_the_server() {
    let engine = SocketIoLayer::new().io().engine();
    let silence = (engine.ping_interval() + engine.ping_timeout()).as_secs();
    for file in files() {
        let text = configuration(&file);
        if file.starts_with("nginx") {
            assert!(seconds(&text, "proxy_read_timeout") > silence, "{file}");
            let megabytes = seconds(&text, "client_max_body_size");
            let bytes = usize::try_from(megabytes).expect("a size") * 1024 * 1024;
            assert!(bytes > engine.max_http_buffer_size(), "{file}");
        } else if file.starts_with("haproxy") {
            assert!(seconds(&text, "timeout client") > silence, "{file}");
            assert!(seconds(&text, "timeout server") > silence, "{file}");
        }
    }
    let unit = configuration("app.service");
    // The bound of `close`, and the two seconds that it may take longer.
    let close = Duration::from_secs(12).as_secs();
    let drain = seconds(&unit, "DRAIN_SECONDS=");
    assert!(seconds(&unit, "TimeoutStopSec=") > drain + close);
}

#[test]
fn systemd_accepts_the_unit() {
    let folder = new_folder();
    let unit = folder.join("app.service");
    let text = edited(
        &configuration("app.service"),
        &[("/usr/local/bin/app", "/bin/true")],
    );
    fs::write(&unit, text).expect("a new file");
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit)
        .output();
    fs::remove_dir_all(folder).ok();
    match verified {
        Ok(output) => {
            let messages = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{messages}");
            assert!(!messages.contains("app.service"), "{messages}");
        }
        // Containers and other systems have no systemd.
        Err(error) => println!("skipped: systemd-analyze: {error}"),
    }
}
