// rust_std.rs: std::net's addresses behind C functions, rust_std.h. Needs rustc 1.63; --cfg
// since_1_75 and since_1_84 if it is newer. Every function returns the result of std.
use std::cmp::Ordering;
use std::fmt::{Display, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::str::FromStr;

#[repr(C)]
pub struct RustAddr {
    flowinfo: u32,
    scope_id: u32,
    port: u16,
    family: u8,
    unused: u8,
    octets: [u8; 16],
}

impl RustAddr {
    fn v4(&self) -> Ipv4Addr {
        Ipv4Addr::new(
            self.octets[0],
            self.octets[1],
            self.octets[2],
            self.octets[3],
        )
    }

    fn v6(&self) -> Ipv6Addr {
        Ipv6Addr::from(self.octets)
    }

    fn socket_v4(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.v4(), self.port)
    }

    fn socket_v6(&self) -> SocketAddrV6 {
        SocketAddrV6::new(self.v6(), self.port, self.flowinfo, self.scope_id)
    }

    fn ip(&self) -> IpAddr {
        if self.family == 4 {
            IpAddr::V4(self.v4())
        } else {
            IpAddr::V6(self.v6())
        }
    }

    fn socket(&self) -> SocketAddr {
        if self.family == 4 {
            SocketAddr::V4(self.socket_v4())
        } else {
            SocketAddr::V6(self.socket_v6())
        }
    }
}

impl From<Ipv4Addr> for RustAddr {
    fn from(ip: Ipv4Addr) -> RustAddr {
        let mut octets = [0; 16];
        octets[..4].copy_from_slice(&ip.octets());
        RustAddr {
            flowinfo: 0,
            scope_id: 0,
            port: 0,
            family: 4,
            unused: 0,
            octets,
        }
    }
}

impl From<Ipv6Addr> for RustAddr {
    fn from(ip: Ipv6Addr) -> RustAddr {
        RustAddr {
            flowinfo: 0,
            scope_id: 0,
            port: 0,
            family: 6,
            unused: 0,
            octets: ip.octets(),
        }
    }
}

impl From<IpAddr> for RustAddr {
    fn from(ip: IpAddr) -> RustAddr {
        match ip {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => v6.into(),
        }
    }
}

impl From<SocketAddrV4> for RustAddr {
    fn from(addr: SocketAddrV4) -> RustAddr {
        RustAddr {
            port: addr.port(),
            ..RustAddr::from(*addr.ip())
        }
    }
}

impl From<SocketAddrV6> for RustAddr {
    fn from(addr: SocketAddrV6) -> RustAddr {
        RustAddr {
            port: addr.port(),
            flowinfo: addr.flowinfo(),
            scope_id: addr.scope_id(),
            ..RustAddr::from(*addr.ip())
        }
    }
}

impl From<SocketAddr> for RustAddr {
    fn from(addr: SocketAddr) -> RustAddr {
        match addr {
            SocketAddr::V4(v4) => v4.into(),
            SocketAddr::V6(v6) => v6.into(),
        }
    }
}

fn parsed<T: FromStr + Into<RustAddr>>(text: &str) -> Option<RustAddr> {
    text.parse::<T>().ok().map(T::into)
}

#[no_mangle]
pub unsafe extern "C" fn rust_std_parse(
    kind: u32,
    text: *const u8,
    len: usize,
    out: *mut RustAddr,
) -> bool {
    let text = match std::str::from_utf8(std::slice::from_raw_parts(text, len)) {
        Ok(text) => text,
        Err(_) => return false,
    };
    let addr = match kind {
        0 => parsed::<Ipv4Addr>(text),
        1 => parsed::<Ipv6Addr>(text),
        2 => parsed::<IpAddr>(text),
        3 => parsed::<SocketAddrV4>(text),
        4 => parsed::<SocketAddrV6>(text),
        _ => parsed::<SocketAddr>(text),
    };
    let good = addr.is_some();
    if let Some(addr) = addr {
        *out = addr;
    }
    good
}

// Bytes that do not fit are counted, not stored.
struct Room<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl Write for Room<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.buf.len().saturating_sub(self.len).min(text.len());
        let at = self.len.min(self.buf.len());
        self.buf[at..at + room].copy_from_slice(&text.as_bytes()[..room]);
        self.len += text.len();
        Ok(())
    }
}

fn shown(value: &dyn Display, buf: &mut [u8]) -> usize {
    let mut room = Room { buf, len: 0 };
    match write!(room, "{}", value) {
        Ok(()) => room.len,
        Err(_) => 0,
    }
}

#[no_mangle]
pub unsafe extern "C" fn rust_std_show(
    kind: u32,
    addr: *const RustAddr,
    buf: *mut u8,
    cap: usize,
) -> usize {
    let addr = &*addr;
    let buf = std::slice::from_raw_parts_mut(buf, cap);
    match kind {
        0 => shown(&addr.v4(), buf),
        1 => shown(&addr.v6(), buf),
        2 => shown(&addr.ip(), buf),
        3 => shown(&addr.socket_v4(), buf),
        4 => shown(&addr.socket_v6(), buf),
        _ => shown(&addr.socket(), buf),
    }
}

fn number(order: Ordering) -> i32 {
    match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

#[no_mangle]
pub unsafe extern "C" fn rust_std_compare_sockets(a: *const RustAddr, b: *const RustAddr) -> i32 {
    number((*a).socket().cmp(&(*b).socket()))
}

#[no_mangle]
pub unsafe extern "C" fn rust_std_compare_ips(a: *const RustAddr, b: *const RustAddr) -> i32 {
    number((*a).ip().cmp(&(*b).ip()))
}

#[cfg(since_1_84)]
fn v6_ranges(v6: &Ipv6Addr) -> [bool; 2] {
    [v6.is_unique_local(), v6.is_unicast_link_local()]
}

#[cfg(not(since_1_84))]
fn v6_ranges(_: &Ipv6Addr) -> [bool; 2] {
    [false; 2]
}

fn bits(answers: [bool; 9]) -> u32 {
    answers
        .iter()
        .rev()
        .fold(0, |bits, &answer| bits << 1 | answer as u32)
}

#[no_mangle]
pub unsafe extern "C" fn rust_std_answers(addr: *const RustAddr) -> u32 {
    match (*addr).ip() {
        IpAddr::V4(a) => bits([
            a.is_unspecified(),
            a.is_loopback(),
            a.is_multicast(),
            a.is_private(),
            a.is_link_local(),
            a.is_broadcast(),
            a.is_documentation(),
            false,
            false,
        ]),
        IpAddr::V6(a) => {
            let [unique_local, unicast_link_local] = v6_ranges(&a);
            bits([
                a.is_unspecified(),
                a.is_loopback(),
                a.is_multicast(),
                false,
                false,
                false,
                false,
                unique_local,
                unicast_link_local,
            ])
        }
    }
}

#[cfg(since_1_75)]
fn canonical(ip: IpAddr) -> Option<IpAddr> {
    Some(ip.to_canonical())
}

#[cfg(not(since_1_75))]
fn canonical(_: IpAddr) -> Option<IpAddr> {
    None
}

#[no_mangle]
pub unsafe extern "C" fn rust_std_convert(
    conversion: u32,
    addr: *const RustAddr,
    out: *mut RustAddr,
) -> bool {
    let ip = (*addr).ip();
    let made = match (conversion, ip) {
        (0, IpAddr::V6(v6)) => v6.to_ipv4().map(IpAddr::V4),
        (1, IpAddr::V6(v6)) => v6.to_ipv4_mapped().map(IpAddr::V4),
        (2, IpAddr::V4(v4)) => Some(IpAddr::V6(v4.to_ipv6_compatible())),
        (3, IpAddr::V4(v4)) => Some(IpAddr::V6(v4.to_ipv6_mapped())),
        (4, _) => canonical(ip),
        _ => None,
    };
    let good = made.is_some();
    if let Some(made) = made {
        *out = made.into();
    }
    good
}
