//! Sockets that never block, and the queue that tells which of them are ready.

use std::io;
use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;

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

/// A connection under way: writable once it is there.
///
/// # Errors
/// When there are no file descriptors left or the address refuses at once.
pub(crate) fn connect(addr: SocketAddrV4) -> io::Result<TcpStream> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
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
            Wait::Spin => Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
        };
        self.events.clear();
        // An interrupted wait found nothing; the caller waits again.
        let space = rustix::buffer::spare_capacity(&mut self.events);
        epoll::wait(&self.epoll, space, Some(&timeout)).unwrap_or(0)
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
