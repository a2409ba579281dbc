//! Two users chat in headless Chromium.

use std::path::Path;
use std::process::{Command, Stdio};

use socketio_testing::Program;

/// The variable that skips the test if Node's packages or Chromium are not installed.
const SKIP_MISSING: &str = "SOCKETIO_E2E_SKIP_MISSING";

#[test]
fn two_users_chat() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    for needed in [
        &folder.join("node_modules/playwright-core"),
        Path::new(&chromium),
    ] {
        if !needed.exists() {
            assert!(
                std::env::var(SKIP_MISSING).is_ok_and(|value| value == "1"),
                "{} is not installed: run `cargo xtask test`, which installs it, or set \
                 {SKIP_MISSING}=1",
                needed.display()
            );
            println!("skipped: {} is not installed", needed.display());
            return;
        }
    }
    let chat = Program::start(env!("CARGO_BIN_EXE_chat"));
    let status = Command::new("node")
        .arg(folder.join("e2e.mjs"))
        .arg(format!("http://{}", chat.addr()))
        .env("CHROMIUM", &chromium)
        .stdin(Stdio::null())
        .status()
        .expect("start Node.js");
    drop(chat);
    assert!(status.success(), "a step failed; see the output above");
}
