//! The page plots the metrics in headless Chromium.

use std::path::Path;
use std::process::{Command, Stdio};

use socketio_testing::Program;

/// The variable that skips the test if Playwright or Chromium are not installed.
const SKIP_MISSING: &str = "SOCKETIO_E2E_SKIP_MISSING";

#[test]
fn the_page_plots_the_metrics() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let playwright = folder.join("../chat/node_modules/playwright-core/index.mjs");
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    for needed in [&*playwright, Path::new(&chromium)] {
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
    let example = Program::start(env!("CARGO_BIN_EXE_example-metrics"));
    let status = Command::new("node")
        .arg(folder.join("e2e.mjs"))
        .arg(format!("http://{}", example.addr()))
        .env("CHROMIUM", &chromium)
        .env("PLAYWRIGHT", &playwright)
        .stdin(Stdio::null())
        .status()
        .expect("start Node.js");
    drop(example);
    assert!(status.success(), "a step failed; see the output above");
}
