// bench_rust.rs: the operations of bench/peers.h over Rust's std::net and, with the features mio,
// quinn and tokio, over mio, quinn-udp and tokio. Its handles take the descriptors of the case for a
// run and give them back.
use std::ffi::{c_char, c_int, c_void, CStr};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};

// The same calls of the sockets of std and of mio, whose datagrams and connections are there already.

macro_rules! datagrams {
    ($to_address:ident, $to_peer:ident, $socket:ty) => {
        #[no_mangle]
        pub unsafe extern "C" fn $to_address(input: *const c_void, count: usize) -> u64 {
            let ends = &*input.cast::<Ends>();
            let outgoing = std::slice::from_raw_parts(ends.outgoing, ends.block);
            let incoming = std::slice::from_raw_parts_mut(ends.incoming, ends.block);
            let from = ManuallyDrop::new(<$socket>::from_raw_fd(ends.from));
            let to = ManuallyDrop::new(<$socket>::from_raw_fd(ends.to));
            let address = address_of(&ends.address);
            for _ in 0..count {
                from.send_to(outgoing, address).unwrap();
                to.recv_from(incoming).unwrap();
            }
            count as u64
        }

        #[no_mangle]
        pub unsafe extern "C" fn $to_peer(input: *const c_void, count: usize) -> u64 {
            let ends = &*input.cast::<Ends>();
            let outgoing = std::slice::from_raw_parts(ends.outgoing, ends.block);
            let incoming = std::slice::from_raw_parts_mut(ends.incoming, ends.block);
            let from = ManuallyDrop::new(<$socket>::from_raw_fd(ends.from));
            let to = ManuallyDrop::new(<$socket>::from_raw_fd(ends.to));
            for _ in 0..count {
                from.send(outgoing).unwrap();
                to.recv(incoming).unwrap();
            }
            count as u64
        }
    };
}

macro_rules! accepts {
    ($name:ident, $listener:ty) => {
        #[no_mangle]
        pub unsafe extern "C" fn $name(listener: c_int, fds: *mut c_int, count: usize) {
            let listener = ManuallyDrop::new(<$listener>::from_raw_fd(listener));
            for i in 0..count {
                *fds.add(i) = listener.accept().unwrap().0.into_raw_fd();
            }
        }
    };
}

#[cfg(feature = "mio")]
mod over_mio;
#[cfg(feature = "quinn")]
mod over_quinn;
#[cfg(feature = "tokio")]
mod over_tokio;

#[repr(C)]
pub struct Texts {
    pool: *const c_char,
    at: *const u32,
}

#[repr(C)]
pub struct Ends {
    from: c_int,
    to: c_int,
    block: usize,
    outgoing: *const u8,
    incoming: *mut u8,
    address: [u8; 16],
}

#[repr(C)]
pub struct Target {
    listener: c_int,
    address: [u8; 16],
}

extern "C" {
    fn bench_reset_on_close_of(fd: c_int);
}

// Of a sockaddr_in: two bytes of the port and four of the address, after two of the family.
fn address_of(bytes: &[u8; 16]) -> SocketAddr {
    let ip = Ipv4Addr::new(bytes[4], bytes[5], bytes[6], bytes[7]);
    SocketAddr::from((ip, u16::from_be_bytes([bytes[2], bytes[3]])))
}

// ---- Address text

unsafe fn text_of(texts: &Texts, i: usize) -> &str {
    let text = CStr::from_ptr(texts.pool.add(*texts.at.add(i) as usize));
    std::str::from_utf8_unchecked(text.to_bytes())
}

#[no_mangle]
pub unsafe extern "C" fn bench_rust_parse_v4(input: *const c_void, count: usize) -> u64 {
    let texts = &*input.cast::<Texts>();
    (0..count).fold(0, |sum, i| match text_of(texts, i).parse::<Ipv4Addr>() {
        Ok(addr) => sum + u64::from(addr.octets()[0]),
        Err(_) => sum,
    })
}

#[no_mangle]
pub unsafe extern "C" fn bench_rust_parse_v6(input: *const c_void, count: usize) -> u64 {
    let texts = &*input.cast::<Texts>();
    (0..count).fold(0, |sum, i| match text_of(texts, i).parse::<Ipv6Addr>() {
        Ok(addr) => sum + u64::from(addr.octets()[0]),
        Err(_) => sum,
    })
}

// The text is written to the stack, as the other contenders do.
struct Buffer {
    text: [u8; 64],
    len: usize,
}

impl std::fmt::Write for Buffer {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        self.text[self.len..self.len + part.len()].copy_from_slice(part.as_bytes());
        self.len += part.len();
        Ok(())
    }
}

fn format(address: impl std::fmt::Display) -> u64 {
    let mut buffer = Buffer { text: [0; 64], len: 0 };
    write!(buffer, "{address}").unwrap();
    u64::from(buffer.text[0]) + buffer.len as u64
}

#[no_mangle]
pub unsafe extern "C" fn bench_rust_format_v4(input: *const c_void, count: usize) -> u64 {
    let values = std::slice::from_raw_parts(input.cast::<[u8; 4]>(), count);
    values.iter().map(|octets| format(Ipv4Addr::from(*octets))).sum()
}

#[no_mangle]
pub unsafe extern "C" fn bench_rust_format_v6(input: *const c_void, count: usize) -> u64 {
    let values = std::slice::from_raw_parts(input.cast::<[u8; 16]>(), count);
    values.iter().map(|octets| format(Ipv6Addr::from(*octets))).sum()
}

// ---- Streams

#[no_mangle]
pub unsafe extern "C" fn bench_rust_turn(input: *const c_void, count: usize) -> u64 {
    let ends = &*input.cast::<Ends>();
    let outgoing = std::slice::from_raw_parts(ends.outgoing, ends.block);
    let incoming = std::slice::from_raw_parts_mut(ends.incoming, ends.block);
    let mut from = ManuallyDrop::new(TcpStream::from_raw_fd(ends.from));
    let mut to = ManuallyDrop::new(TcpStream::from_raw_fd(ends.to));
    for _ in 0..count {
        from.write_all(outgoing).unwrap();
        to.read_exact(incoming).unwrap();
    }
    count as u64
}

#[no_mangle]
pub unsafe extern "C" fn bench_rust_connects(input: *const c_void, count: usize) -> u64 {
    let target = &*input.cast::<Target>();
    let listener = ManuallyDrop::new(TcpListener::from_raw_fd(target.listener));
    let address = address_of(&target.address);
    for _ in 0..count {
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = listener.accept().unwrap();
        bench_reset_on_close_of(client.as_raw_fd());
        drop(client);
        drop(server);
    }
    count as u64
}

accepts!(bench_rust_accepts, TcpListener);

// ---- Datagrams

datagrams!(bench_rust_datagrams, bench_rust_connected_datagrams, UdpSocket);

// ---- Lookups, in four threads

#[no_mangle]
pub unsafe extern "C" fn bench_rust_lookups(input: *const c_void, count: usize) -> u64 {
    let host = CStr::from_ptr(input.cast()).to_str().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..count / 4 {
                    assert!((host, 80).to_socket_addrs().unwrap().next().is_some());
                }
            });
        }
    });
    count as u64
}
