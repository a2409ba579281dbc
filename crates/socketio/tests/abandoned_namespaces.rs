//! Checks that abandoned dynamic namespaces free their memory. It runs in its own process because
//! it measures the resident memory.

use std::fs;
use std::time::Duration;

use e2e::app::serve;
use e2e::session::{assert_alive, open};
use e2e::sync::eventually;
use socketio::{Regex, SocketIoLayer};

const NAMESPACES: usize = 100_000;

/// The number of CONNECT packets sent before their answers are read.
const BATCH: usize = 50;

/// The growth allowed for the allocator and the test itself, a few bytes per namespace.
const TOLERANCE: usize = 4 << 20;

#[tokio::test]
async fn abandoned_namespaces_do_not_grow_the_memory() {
    let layer = SocketIoLayer::builder()
        .cleanup_empty_child_namespaces(true)
        // On a slow machine, pings would arrive between the answers.
        .ping_interval(Duration::from_secs(3600))
        .build();
    let io = layer.io();
    let pattern = io
        .of(Regex::new(r"^/tenant-\d+$").unwrap())
        .on_connect(async |socket: socketio::Socket| socket.join(["a room", "another"]))
        .on("hello", async || {});
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    let mut created = 0;
    let mut before = 0;
    while created < NAMESPACES {
        for number in created..created + BATCH {
            client.send(&format!("40/tenant-{number},")).await;
        }
        for number in created..created + BATCH {
            client
                .expect(&format!(r#"40/tenant-{number},{{"sid":"…"}}"#))
                .await;
            client.send(&format!("41/tenant-{number},")).await;
        }
        assert_alive(&mut client).await;
        created += BATCH;
        // By now tables and pools have reached their final size.
        if created == NAMESPACES / 10 {
            before = resident();
        }
    }
    eventually("the last namespace to be removed", || {
        pattern.children().is_empty()
    })
    .await;
    let after = resident();
    assert!(
        after <= before + TOLERANCE,
        "{before} bytes after a tenth of the namespaces, {after} after all"
    );
}

/// Returns the resident memory of this process in bytes.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").expect("read /proc/self/statm");
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or_else(
        || panic!("/proc/self/statm has no number of pages"),
        |pages: usize| pages * 4096,
    )
}
