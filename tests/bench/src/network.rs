//! Non-blocking sockets, and the poller that returns the ready ones.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// The maximum number of events of one wait.
const EVENTS: usize = 1024;
/// The maximum duration of [`Wait::Sleep`]: deadlines are checked in between.
const NAP: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};

/// The maximum duration of [`Wait::Doze`], so that a schedule is kept.
const SHORT_NAP: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000,
};

/// The first port of connections with a chosen source address. These ports are below the range of the
/// system, in which the search for a free port takes longer with each connection.
const FIRST_PORT: u16 = 20_000;
/// The maximum number of connections from one address in each of two lanes.
pub(crate) const MOST_PER_SOURCE: usize = 6000;

/// Returns the source address of the connection at `index`, if the system is not to choose it. An
/// address has about 28 000 ports for connections to one server, and all of 127.0.0.0/8 is local. The
/// second of two simultaneous connections of a client uses another `lane`.
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

/// One of two simultaneous connections of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lane {
    First = 0,
    Second = 1,
}

/// Starts a connection. Its socket is writable once it is established. Without a source, the system
/// chooses one.
///
/// # Errors
/// If no file descriptors or ports are left, or the address refuses at once.
pub(crate) fn connect(addr: SocketAddrV4, source: Option<SocketAddrV4>) -> io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    if let Some(source) = source {
        // A previous connection to another server may have used the port.
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

/// The readiness that a socket waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interest {
    Read,
    ReadWrite,
}

/// The way in which the poller waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// Sleeps until a socket is ready, for at most a few milliseconds.
    Sleep,
    /// Returns at once, so that the server does not bear the cost of waking the generator.
    Spin,
    /// Yields the core once if no socket is ready: for a shared core.
    Yield,
    /// Sleeps until a socket is ready, for at most a fraction of a millisecond: for schedules that keep
    /// the machine idle.
    Doze,
}

/// A ready socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) token: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The polled sockets, each with a token.
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

    /// Waits and returns the number of ready sockets, which [`ready`](Self::ready) returns.
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
        // After an interrupted wait no socket is ready, and the caller waits again.
        let space = rustix::buffer::spare_capacity(&mut self.events);
        let count = epoll::wait(&self.epoll, space, Some(&timeout)).unwrap_or(0);
        if count == 0 && matches!(wait, Wait::Yield) {
            thread::yield_now();
        }
        count
    }

    /// Returns the socket at `index` of the last wait.
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
