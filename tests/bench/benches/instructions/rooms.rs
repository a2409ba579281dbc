//! Joining and leaving rooms.

use gungraun::{library_benchmark, library_benchmark_group};
use socketio::Socket;

use crate::catalogue::EVENTS;
use crate::world::World;

const ROOMS: [&str; 5] = ["news", "sports", "weather", "chess", "music"];

/// Returns the second of two sockets. The first one is in all rooms.
fn second_of_two() -> (World, Socket) {
    let mut world = World::new();
    world.join(1);
    let first = world
        .io
        .of("/")
        .sockets()
        .pop()
        .expect("a socket has joined");
    first.join(ROOMS);
    world.join(1);
    let mut sockets = world.io.of("/").sockets();
    sockets.retain(|socket| socket.id() != first.id());
    let second = sockets.pop().expect("a second socket has joined");
    // Allocates what the first use allocates.
    second.join(ROOMS);
    for room in ROOMS {
        second.leave(room);
    }
    (world, second)
}

#[library_benchmark]
#[bench::join_and_leave_5(second_of_two())]
fn moved((world, socket): (World, Socket)) -> (World, Socket) {
    for _ in 0..EVENTS {
        socket.join(ROOMS);
        for room in ROOMS {
            socket.leave(room);
        }
    }
    (world, socket)
}

library_benchmark_group!(name = rooms, benchmarks = [moved]);
