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

/// The address from which the connection at `index` comes, if it matters: an address has no more
/// than some 28 000 ports for connections to one server, and long before they are all in use, finding
/// a free one takes the kernel long. The whole of 127.0.0.0/8 is this machine.
pub(crate) fn source(index: usize, per_source: usize) -> Option<Ipv4Addr> {
    let turn = index.checked_div(per_source).filter(|turn| *turn > 0)?;
    let turn = u32::try_from(turn).ok()?;
    let source = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits().checked_add(turn)?);
    source.is_loopback().then_some(source)
}

/// A connection under way: writable once it is there. Without a source it comes from where the system
/// likes.
///
/// # Errors
/// When there are no file descriptors or ports left or the address refuses at once.
pub(crate) fn connect(addr: SocketAddrV4, source: Option<Ipv4Addr>) -> io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    if let Some(source) = source {
        rustix::net::bind(&socket, &SocketAddrV4::new(source, 0))?;
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
        let sources = [0, 1, 2, 3, 4, 5].map(|index| source(index, 2));
        let next = |last| Some(Ipv4Addr::new(127, 0, 0, last));
        assert_eq!(sources, [None, None, next(2), next(2), next(3), next(3)]);
        assert_eq!(source(255, 1), Some(Ipv4Addr::new(127, 0, 1, 0)));
        assert_eq!(source(usize::MAX, 1), None);
    }
}
