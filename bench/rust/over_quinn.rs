// over_quinn.rs: bursts of datagrams over quinn-udp, as the endpoint of quinn sends and receives
// them. Its sockets are nonblocking.
use crate::{address_of, Ends};
use quinn_proto::{EcnCodepoint, Transmit};
use quinn_udp::{RecvMeta, UdpSocketState, UdpState, BATCH_SIZE};
use std::ffi::c_int;
use std::io::{ErrorKind, IoSliceMut};
use std::mem::ManuallyDrop;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, FromRawFd};

// The size of a buffer of Ends::incoming.
const LONGEST: usize = 65535;

// The two sides can run in two threads, so each has a static of its own.
struct Sender {
    socket: ManuallyDrop<UdpSocket>,
    state: UdpSocketState,
    capabilities: UdpState,
    transmits: Vec<Transmit>,
}

struct Receiver {
    socket: ManuallyDrop<UdpSocket>,
    state: UdpSocketState,
    incoming: *mut u8,
}

static mut SENDER: Option<Sender> = None;
static mut RECEIVER: Option<Receiver> = None;

extern "C" {
    fn bench_wait_until_ready(fd: c_int, is_write: bool);
}

unsafe fn configured(fd: c_int) -> ManuallyDrop<UdpSocket> {
    let socket = ManuallyDrop::new(UdpSocket::from_raw_fd(fd));
    UdpSocketState::configure((&*socket).into()).unwrap();
    socket
}

#[no_mangle]
pub unsafe extern "C" fn bench_quinn_begin(ends: *const Ends) {
    let ends = &*ends;
    SENDER = Some(Sender {
        socket: configured(ends.from),
        state: UdpSocketState::new(),
        capabilities: UdpState::new(),
        transmits: Vec::new(),
    });
    RECEIVER = Some(Receiver {
        socket: configured(ends.to),
        state: UdpSocketState::new(),
        incoming: ends.incoming,
    });
}

#[no_mangle]
#[allow(static_mut_refs)]
pub unsafe extern "C" fn bench_quinn_end() {
    if let Some(sender) = SENDER.take() {
        sender.transmits.into_iter().for_each(|transmit| std::mem::forget(transmit.contents));
    }
    RECEIVER = None;
}

// One message with segments if a batch has no space for so many datagrams. The contents are the bytes
// that every contender sends, because a copy has another alignment and other cache misses. They are
// not of Rust's allocator, so bench_quinn_end does not drop them.
unsafe fn transmits_of(ends: &Ends, count: usize) -> Vec<Transmit> {
    let has_segments = count > BATCH_SIZE;
    let (messages, segments) = if has_segments { (1, count) } else { (count, 1) };
    let len = segments * ends.block;
    let transmit = || Transmit {
        destination: address_of(&ends.address),
        ecn: Some(EcnCodepoint::Ect0),
        contents: Vec::from_raw_parts(ends.outgoing as *mut u8, len, len),
        segment_size: has_segments.then_some(ends.block),
        src_ip: None,
    };
    (0..messages).map(|_| transmit()).collect()
}

/// The first burst makes the transmits, and each later one sends them again.
#[no_mangle]
#[allow(static_mut_refs)]
pub unsafe extern "C" fn bench_quinn_send(ends: *const Ends, count: usize) {
    let this = SENDER.as_mut().unwrap();
    if this.transmits.is_empty() {
        assert!(count <= BATCH_SIZE.max(this.capabilities.max_gso_segments()));
        this.transmits = transmits_of(&*ends, count);
    }
    let mut rest = &this.transmits[..];
    while !rest.is_empty() {
        match this.state.send((&*this.socket).into(), &this.capabilities, rest) {
            Ok(sent) => rest = &rest[sent..],
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                bench_wait_until_ready((*ends).from, true);
            }
        }
    }
}

/// Receives at most 32 messages and returns the number of their datagrams.
#[no_mangle]
#[allow(static_mut_refs)]
pub unsafe extern "C" fn bench_quinn_receive() -> usize {
    let this = RECEIVER.as_ref().unwrap();
    let mut metas = [RecvMeta::default(); BATCH_SIZE];
    let mut buffers: [IoSliceMut; BATCH_SIZE] = std::array::from_fn(|i| {
        IoSliceMut::new(std::slice::from_raw_parts_mut(this.incoming.add(i * LONGEST), LONGEST))
    });
    let received = loop {
        match this.state.recv((&*this.socket).into(), &mut buffers, &mut metas) {
            Ok(received) => break received,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                bench_wait_until_ready(this.socket.as_raw_fd(), false);
            }
        }
    };
    // Without it the optimizer removes the decoding of members that are not read here.
    let metas = std::hint::black_box(&metas);
    metas[..received].iter().map(|meta| (meta.len + meta.stride - 1) / meta.stride).sum()
}
