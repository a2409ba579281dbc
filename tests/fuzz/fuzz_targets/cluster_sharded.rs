//! Decodes arbitrary messages of the sharded Redis adapter. Accepted messages survive encoding.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use socketio_cluster::{Body, Destination, Format, Namespace, ShardedFormat};

static FORMAT: LazyLock<ShardedFormat> = LazyLock::new(|| ShardedFormat::new("s", Namespace::MAIN));

fuzz_target!(|bytes: &[u8]| {
    let payload = Bytes::copy_from_slice(bytes);
    let Ok(message) = FORMAT.decode("s#/#", &payload) else {
        return;
    };
    if message.namespace != Namespace::MAIN {
        return;
    }
    let write = |message| FORMAT.encode(&Destination::All, message);
    let written = write(&message).expect("an accepted message can be written");
    let back = FORMAT
        .decode(&written.channel, &written.payload)
        .expect("a written message is valid");
    assert_eq!(back.sender, message.sender);
    // Floats in the descriptions of sockets may lose their last digit.
    if !matches!(message.body, Body::Sockets { .. }) {
        let again = write(&back).expect("an accepted message can be written");
        assert_eq!(again, written);
    }
});
