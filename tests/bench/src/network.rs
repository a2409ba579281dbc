//! Sockets that never block, and the queue that tells which of them are ready.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// How many events one wait takes.
const EVENTS: usize = 1024;
/// How long a wait that may sleep sleeps at most: deadlines are looked at in between.
const NAP: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};

/// How long a wait sleeps that is to be over in time for a schedule.
const SHORT_NAP: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000,
};

/// The first port of connections that have an address of their own: below those that the system
/// gives away, among which it would search longer and longer.
const FIRST_PORT: u16 = 20_000;
/// The most connections that come from one address, in each of two lanes.
pub(crate) const MOST_PER_SOURCE: usize = 6000;

/// Where the connection at `index` comes from, if it matters: an address has no more than some 28 000
/// ports for connections to one server, and the whole of 127.0.0.0/8 is this machine. A client that
/// has two connections at a time has the second one in another `lane`.
pub(crate) fn source(index: usize, per_source: usize, lane: Lane) -> Option<SocketAddrV4> {
    let turn = index.checked_div(per_source).filter(|turn| *turn > 0)?;
    let turn = u32::try_from(turn).ok()?;
    let address = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits().checked_add(turn)?);
    let offset = u16::try_from(lane as usize * MOST_PER_SOURCE + index % per_source).ok()?;
    let port = FIRST_PORT.checked_add(offset)?;
    address
        .is_loopback()
        .then_some(SocketAddrV4::new(address, port))
}

/// Which of two connections of one client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lane {
    First = 0,
    Second = 1,
}

/// A connection under way: writable once it is there. Without a source it comes from where the system
/// likes.
///
/// # Errors
/// When there are no file descriptors or ports left or the address refuses at once.
pub(crate) fn connect(addr: SocketAddrV4, source: Option<SocketAddrV4>) -> io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    if let Some(source) = source {
        // The port may have been used a moment ago, for another server.
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
        rustix::net::bind(&socket, &source)?;
    }
    match rustix::net::connect(&socket, &addr) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What a socket waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interest {
    Read,
    ReadWrite,
}

/// Whether a wait may sleep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// Sleeps until something is ready, a few milliseconds at most.
    Sleep,
    /// Returns at once, so that the server never pays for waking the generator.
    Spin,
    /// Returns at once, and gives the core away if nothing is ready: for a core that is shared.
    Yield,
    /// Sleeps until something is ready, a fraction of a millisecond at most: for schedules that are to leave the machine
    /// idle.
    Doze,
}

/// One socket that is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) token: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The sockets that are watched, each under a token.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self {
            epoll,
            events: Vec::with_capacity(EVENTS),
        })
    }

    pub(crate) fn add(
        &self,
        stream: &TcpStream,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        Ok(epoll::add(&self.epoll, stream, data, flags(interest))?)
    }

    pub(crate) fn change(
        &self,
        stream: &TcpStream,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token as u64);
        Ok(epoll::modify(&self.epoll, stream, data, flags(interest))?)
    }

    pub(crate) fn remove(&self, stream: &TcpStream) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, stream)?)
    }

    /// Waits, and tells how many sockets are ready; [`ready`](Self::ready) tells which.
    pub(crate) fn wait(&mut self, wait: Wait) -> usize {
        let timeout = match wait {
            Wait::Sleep => NAP,
            Wait::Doze => SHORT_NAP,
            Wait::Spin | Wait::Yield => Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
        };
        self.events.clear();
        // An interrupted wait found nothing; the caller waits again.
        let space = rustix::buffer::spare_capacity(&mut self.events);
        let count = epoll::wait(&self.epoll, space, Some(&timeout)).unwrap_or(0);
        if count == 0 && matches!(wait, Wait::Yield) {
            thread::yield_now();
        }
        count
    }

    /// The socket at `index` of the last wait.
    #[inline]
    pub(crate) fn ready(&self, index: usize) -> Option<Ready> {
        let event = self.events.get(index)?;
        let flags = event.flags;
        let readable = epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        Some(Ready {
            token: event.data.u64() as usize,
            readable: flags.intersects(readable),
            writable: flags.contains(epoll::EventFlags::OUT),
        })
    }
}

fn flags(interest: Interest) -> epoll::EventFlags {
    match interest {
        Interest::Read => epoll::EventFlags::IN,
        Interest::ReadWrite => epoll::EventFlags::IN | epoll::EventFlags::OUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_come_from_the_next_address_when_one_has_enough() {
        let sources = [1, 2, 3, 4].map(|index| source(index, 2, Lane::First));
        let next = |last, port| Some(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), port));
        assert_eq!(
            sources,
            [None, next(2, 20_000), next(2, 20_001), next(3, 20_000)]
        );
        assert_eq!(source(3, 2, Lane::Second), next(2, 26_001));
        let later = source(255, 1, Lane::First).map(|source| *source.ip());
        assert_eq!(later, Some(Ipv4Addr::new(127, 0, 1, 0)));
        assert_eq!(source(usize::MAX, 1, Lane::First), None);
    }
}
