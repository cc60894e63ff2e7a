// over_mio.rs: a poller over mio: its wake-ups, registrations and waits, and the wait of the echo
// server's turn; its datagrams, connects and accepts.
use crate::{address_of, bench_reset_on_close_of, Ends, Target};
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::time::Duration;

const WAKE: Token = Token(usize::MAX);

struct Loop {
    poll: Poll,
    events: Events,
    waker: Waker,
    free_socket: c_int,
    first: c_int,
}

static mut LOOP: Option<Loop> = None;

#[allow(static_mut_refs)]
unsafe fn current() -> &'static mut Loop {
    LOOP.as_mut().unwrap()
}

fn register(poll: &Poll, fd: c_int) {
    let token = Token(fd as usize);
    poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE).unwrap();
}

#[no_mangle]
pub unsafe extern "C" fn bench_mio_begin(sockets: *const c_int, count: usize, free_socket: c_int) {
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    let mut first = -1;
    for i in 0..count {
        register(&poll, *sockets.add(i));
        first = *sockets;
    }
    LOOP = Some(Loop { poll, events: Events::with_capacity(128), waker, free_socket, first });
}

#[no_mangle]
pub unsafe extern "C" fn bench_mio_end() {
    LOOP = None;
}

#[no_mangle]
pub unsafe extern "C" fn bench_mio_wakes(_: *const c_void, count: usize) -> u64 {
    let this = current();
    for _ in 0..count {
        this.waker.wake().unwrap();
        this.poll.poll(&mut this.events, None).unwrap();
        assert!(!this.events.is_empty());
    }
    count as u64
}

#[no_mangle]
pub unsafe extern "C" fn bench_mio_adds(_: *const c_void, count: usize) -> u64 {
    let this = current();
    for _ in 0..count {
        register(&this.poll, this.free_socket);
        this.poll.registry().deregister(&mut SourceFd(&this.free_socket)).unwrap();
    }
    count as u64
}

#[no_mangle]
pub unsafe extern "C" fn bench_mio_modifies(_: *const c_void, count: usize) -> u64 {
    let this = current();
    // A case without further sockets registers the free one, once.
    if this.first < 0 {
        register(&this.poll, this.free_socket);
        this.first = this.free_socket;
    }
    let token = Token(this.first as usize);
    for _ in 0..count {
        let mut source = SourceFd(&this.first);
        this.poll.registry().reregister(&mut source, token, Interest::READABLE).unwrap();
    }
    count as u64
}

#[no_mangle]
pub unsafe extern "C" fn bench_mio_empty_waits(_: *const c_void, count: usize) -> u64 {
    let this = current();
    for _ in 0..count {
        this.poll.poll(&mut this.events, Some(Duration::ZERO)).unwrap();
    }
    count as u64
}

/// Waits, and stores the descriptors that are ready, at most 128. mio's events are edges: the
/// caller reads what has arrived.
#[no_mangle]
pub unsafe extern "C" fn bench_mio_wait(fds: *mut c_int) -> usize {
    let this = current();
    this.poll.poll(&mut this.events, None).unwrap();
    let mut found = 0;
    for event in this.events.iter() {
        *fds.add(found) = event.token().0 as c_int;
        found += 1;
    }
    found
}

// ---- Sockets. What a case receives or accepts is there already, so these do not wait.

datagrams!(bench_mio_datagrams, bench_mio_connected_datagrams, UdpSocket);

#[no_mangle]
pub unsafe extern "C" fn bench_mio_connects(input: *const c_void, count: usize) -> u64 {
    let target = &*input.cast::<Target>();
    let listener = ManuallyDrop::new(TcpListener::from_raw_fd(target.listener));
    let address = address_of(&target.address);
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    for _ in 0..count {
        let mut client = TcpStream::connect(address).unwrap();
        poll.registry().register(&mut client, Token(0), Interest::WRITABLE).unwrap();
        poll.poll(&mut events, None).unwrap();
        assert!(client.peer_addr().is_ok());
        let (server, _) = listener.accept().unwrap();
        bench_reset_on_close_of(client.as_raw_fd());
        drop(client);
        drop(server);
    }
    count as u64
}

accepts!(bench_mio_accepts, TcpListener);
