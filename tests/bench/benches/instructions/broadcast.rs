//! Broadcasts to a room of WebSocket clients, from `emit` to the last written byte.

use gungraun::{library_benchmark, library_benchmark_group};
use socketio::PerMessageDeflate;

use crate::catalogue::{EMITS, MANY_EMITS, MANY_MEMBERS, MEMBERS, STRANGERS};
use crate::world::{World, string, text};

/// A server with members of a room, and the broadcast to them.
struct Hall {
    world: World,
    members: usize,
    emits: usize,
    argument: String,
}

impl Hall {
    fn new(mut world: World, members: usize, emits: usize, argument: String) -> Self {
        let strangers = world.clients.len();
        world.join(members);
        for member in world.clients.get(strangers..).unwrap_or_default() {
            let nothing = world.answer(member, &text("42[\"enter\"]"));
            assert!(nothing.is_empty(), "{nothing:?}");
        }
        let hall = Self {
            world,
            members,
            emits,
            argument,
        };
        // Three times, so that buffers have their final size and compressors have seen the message.
        for _ in 0..3 {
            let before = hall.world.tally.writes.number();
            hall.emit();
            hall.world.settle();
            let writes = hall.world.tally.writes.number() - before;
            assert_eq!(writes, members, "each member is written to once");
        }
        hall
    }

    fn emit(&self) {
        self.world.io.to("room").emit("news", &self.argument);
    }
}

fn hall(members: usize, emits: usize) -> Hall {
    Hall::new(World::new(), members, emits, string())
}

fn with_strangers() -> Hall {
    let mut world = World::new();
    world.join(STRANGERS);
    Hall::new(world, MEMBERS, EMITS, string())
}

/// A text that is long enough for compression.
fn deflated() -> Hall {
    let world = World::with(|options| options.per_message_deflate(PerMessageDeflate::default()));
    let words = (0..200).map(|number| format!("number {number}, "));
    Hall::new(world, MEMBERS, EMITS, words.collect())
}

#[library_benchmark]
#[bench::to_100(hall(MEMBERS, EMITS))]
#[bench::to_100_of_10100(with_strangers())]
#[bench::to_1000(hall(MANY_MEMBERS, MANY_EMITS))]
#[bench::to_100_deflated(deflated())]
fn delivered(hall: Hall) -> Hall {
    let writes = &hall.world.tally.writes;
    hall.world.runtime.block_on(async {
        for _ in 0..hall.emits {
            let goal = writes.number() + hall.members;
            hall.emit();
            writes.reach(goal).await;
        }
    });
    hall
}

library_benchmark_group!(name = broadcast, benchmarks = [delivered]);
