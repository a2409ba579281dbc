//! Connections over WebSocket, from the first byte of HTTP to the namespace and to the end.

use gungraun::{library_benchmark, library_benchmark_group};

use crate::catalogue::CONNECTIONS;
use crate::world::{World, text, upgrade};

/// The number of connections before the counted ones. Sessions and sockets are distributed over tables by
/// their random ids, and this number fills each table.
const BEFORE: usize = 256;

/// A server, the bytes of a client, and the number of bytes in the answer.
struct Opening {
    world: World,
    join: Vec<u8>,
    opened: usize,
    joined: usize,
}

fn opening() -> Opening {
    let world = World::new();
    let mut opening = Opening {
        world,
        join: text("40"),
        opened: 0,
        joined: 0,
    };
    for _ in 0..BEFORE {
        let client = opening.world.dial();
        opening.opened = opening.world.answer(&client, upgrade()).len();
        let joined = opening.world.answer(&client, &opening.join);
        assert!(joined.windows(3).any(|part| part == b"40{"), "{joined:?}");
        opening.joined = joined.len();
        drop(client);
        opening.world.settle();
    }
    assert_eq!(opening.world.io.clients_count(), 0);
    opening
}

#[library_benchmark]
#[bench::websocket(opening())]
fn opened_and_closed(opening: Opening) -> Opening {
    let tally = &opening.world.tally;
    opening.world.runtime.block_on(async {
        for _ in 0..CONNECTIONS {
            let goal = tally.bytes.number() + opening.opened;
            let client = opening.world.dial();
            client.send(upgrade());
            tally.bytes.reach(goal).await;
            client.send(&opening.join);
            tally.bytes.reach(goal + opening.joined).await;
            let goal = tally.ends.number() + 1;
            drop(client);
            tally.ends.reach(goal).await;
        }
    });
    opening
}

library_benchmark_group!(name = connections, benchmarks = [opened_and_closed]);
