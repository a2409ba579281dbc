//! Events of one client over WebSocket, from the sent bytes to the received ones.

use gungraun::{library_benchmark, library_benchmark_group};

use crate::catalogue::EVENTS;
use crate::line::Client;
use crate::world::{World, binary, string, text};

/// A client, the bytes of one write, and the number of bytes in the answers.
struct Exchange {
    world: World,
    sent: Vec<u8>,
    answered: usize,
    times: usize,
}

impl Exchange {
    fn client(&self) -> &Client {
        self.world.clients.first().expect("the server has a client")
    }
}

/// Prepares the same message, `at_once` times in one write and [`EVENTS`] times in total.
fn exchange(message: &[u8], at_once: usize, answer: Option<&str>) -> Exchange {
    exchange_in(World::with_client(), message, at_once, answer)
}

/// As [`exchange`], on this server.
fn exchange_in(world: World, message: &[u8], at_once: usize, answer: Option<&str>) -> Exchange {
    let mut exchange = Exchange {
        world,
        sent: message.repeat(at_once),
        answered: 0,
        times: EVENTS / at_once,
    };
    // Twice, so that everything is allocated and has its final size.
    exchange.world.answer(exchange.client(), &exchange.sent);
    let answered = exchange.world.answer(exchange.client(), &exchange.sent);
    let text = String::from_utf8_lossy(&answered);
    match answer {
        Some(answer) => assert_eq!(text.matches(answer).count(), at_once, "{text}"),
        None => assert_eq!(text, ""),
    }
    exchange.answered = answered.len();
    exchange
}

fn echo(at_once: usize) -> Exchange {
    let event = format!("42[\"echo\",\"{}\"]", string());
    exchange(&text(&event), at_once, Some(&event))
}

fn ack(at_once: usize) -> Exchange {
    ack_in(World::with_client(), at_once)
}

/// Prepares events with acknowledgements for handlers inside of wraps.
fn wrapped_ack(wraps: usize, at_once: usize) -> Exchange {
    ack_in(World::with_wraps(wraps), at_once)
}

fn ack_in(world: World, at_once: usize) -> Exchange {
    let event = format!("42107[\"ack\",\"{}\"]", string());
    let answer = format!("43107[\"{}\"]", string());
    exchange_in(world, &text(&event), at_once, Some(&answer))
}

fn binary_echo() -> Exchange {
    let event = text("451-[\"bin\",{\"_placeholder\":true,\"num\":0}]");
    let attachment = binary(&[b'x'; 1024]);
    exchange(&[event, attachment].concat(), 1, Some(&"x".repeat(1024)))
}

/// Prepares an event without an answer.
fn silent(event: &str) -> Exchange {
    exchange(&text(event), 1, None)
}

fn unhandled() -> Exchange {
    silent(&format!("42[\"unknown\",\"{}\"]", string()))
}

fn extractors() -> Exchange {
    score(World::with_client())
}

fn wrapped() -> Exchange {
    score(World::with_wraps(1))
}

fn score(world: World) -> Exchange {
    let event = text(r#"42["score",{"player":"ada","points":3}]"#);
    let exchange = exchange_in(world, &event, 1, None);
    assert_eq!(exchange.world.io.state().points(), 2 * 3);
    exchange
}

#[library_benchmark]
#[bench::echo(echo(1))]
#[bench::echo_16(echo(16))]
#[bench::ack(ack(1))]
#[bench::ack_16(ack(16))]
#[bench::binary(binary_echo())]
#[bench::wrapped_ack(wrapped_ack(1, 1))]
#[bench::wrapped_ack_16(wrapped_ack(1, 16))]
#[bench::wrapped_twice_ack_16(wrapped_ack(2, 16))]
fn answered(exchange: Exchange) -> Exchange {
    let bytes = &exchange.world.tally.bytes;
    exchange.world.runtime.block_on(async {
        for _ in 0..exchange.times {
            let goal = bytes.number() + exchange.answered;
            exchange.client().send(&exchange.sent);
            bytes.reach(goal).await;
        }
    });
    exchange
}

#[library_benchmark]
#[bench::unhandled(unhandled())]
#[bench::extractors(extractors())]
#[bench::wrapped(wrapped())]
fn unanswered(exchange: Exchange) -> Exchange {
    let waits = &exchange.world.tally.waits;
    exchange.world.runtime.block_on(async {
        for _ in 0..exchange.times {
            let goal = waits.number() + 1;
            exchange.client().send(&exchange.sent);
            waits.reach(goal).await;
        }
    });
    exchange
}

library_benchmark_group!(name = events, benchmarks = [answered, unanswered]);
