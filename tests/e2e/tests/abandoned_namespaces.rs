//! Dynamic namespaces that are made and abandoned leave nothing. A process of its own, for its
//! memory is measured.

use std::fs;
use std::time::Duration;

use e2e::app::serve;
use e2e::session::{assert_alive, open};
use e2e::sync::eventually;
use socketio::{Regex, SocketIoLayer};

const NAMESPACES: usize = 100_000;

/// How many ask before the answers are read.
const AT_ONCE: usize = 50;

/// What the allocator and the pages of the test itself may keep, a few bytes per namespace.
const TOLERANCE: usize = 4 << 20;

#[tokio::test]
async fn a_hundred_thousand_abandoned_namespaces_leave_memory_where_it_was() {
    let layer = SocketIoLayer::builder()
        .cleanup_empty_child_namespaces(true)
        // Its pings would come among the answers where the machine is slow.
        .ping_interval(Duration::from_secs(3600))
        .build();
    let io = layer.io();
    let pattern = io
        .of(Regex::new(r"^/tenant-\d+$").unwrap())
        .on_connect(async |socket: socketio::Socket| socket.join(["a room", "another"]))
        .on("hello", async || {});
    let addr = serve(layer).await;
    let mut client = open(addr).await;
    let mut made = 0;
    let mut before = 0;
    while made < NAMESPACES {
        for number in made..made + AT_ONCE {
            client.send(&format!("40/tenant-{number},")).await;
        }
        for number in made..made + AT_ONCE {
            client
                .expect(&format!(r#"40/tenant-{number},{{"sid":"…"}}"#))
                .await;
            client.send(&format!("41/tenant-{number},")).await;
        }
        assert_alive(&mut client).await;
        made += AT_ONCE;
        // By now tables and pools have the size that they keep.
        if made == NAMESPACES / 10 {
            before = resident();
        }
    }
    eventually("the last to go", || pattern.children().is_empty()).await;
    let after = resident();
    assert!(
        after <= before + TOLERANCE,
        "{before} bytes after a tenth of the namespaces, {after} after all"
    );
}

/// The memory of this process.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or_else(|| panic!("no number of pages"), |pages: usize| pages * 4096)
}
