// record_rust_addresses.rs: answers each row of rust_address_vectors.h again, by Rust's std::net. A new row needs only its input: NO("text"), {0xBITSu, or
// V6(GROUPS. Needs no crate. With the rustc version that ferrule follows (1.95):
//     rustc -O tests/unit/record_rust_addresses.rs -o /tmp/record
//     /tmp/record <tests/unit/rust_address_vectors.h >/tmp/vectors.h && mv /tmp/vectors.h tests/unit/rust_address_vectors.h
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// The bytes of a literal, whose text begins after its first quotation mark.
fn unescaped(literal: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), literal.as_bytes());
    while rest[0] != b'"' {
        let (byte, len) = match rest {
            [b'\\', b'0'..=b'3', ..] => (u8::from_str_radix(std::str::from_utf8(&rest[1..4]).unwrap(), 8).unwrap(), 4),
            [b'\\', byte, ..] => (*byte, 2),
            _ => (rest[0], 1),
        };
        bytes.push(byte);
        rest = &rest[len..];
    }
    bytes
}

fn number(text: &str) -> u32 {
    let hex = text.trim_start_matches("0x");
    u32::from_str_radix(hex, if hex == text { 10 } else { 16 }).unwrap()
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => text.push_str(&format!("\\{}", byte as char)),
            b' '..=b'~' => text.push(byte as char),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text_row(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok(); // a str is always UTF-8; other bytes are never an address
    let ip: Option<IpAddr> = text.and_then(|t| t.parse().ok());
    let socket: Option<SocketAddr> = text.and_then(|t| t.parse().ok());
    let v4: Option<Ipv4Addr> = text.and_then(|t| t.parse().ok());
    let v6: Option<Ipv6Addr> = text.and_then(|t| t.parse().ok());
    let socket_v4: Option<SocketAddrV4> = text.and_then(|t| t.parse().ok());
    let socket_v6: Option<SocketAddrV6> = text.and_then(|t| t.parse().ok());
    assert_eq!(ip, v4.map(IpAddr::V4).or(v6.map(IpAddr::V6)));
    assert_eq!(
        socket,
        socket_v4
            .map(SocketAddr::V4)
            .or(socket_v6.map(SocketAddr::V6))
    );
    let text = escaped(bytes);
    match (ip, socket) {
        (Some(IpAddr::V4(ip)), None) => format!("IP4(\"{text}\", \"{}\", \"{ip}\"),", hex(&ip.octets())),
        (Some(IpAddr::V6(ip)), None) => format!("IP6(\"{text}\", \"{}\", \"{ip}\"),", hex(&ip.octets())),
        (None, Some(SocketAddr::V4(s))) => format!(
            "SOCKET4(\"{text}\", \"{}\", {}, \"{s}\"),",
            hex(&s.ip().octets()),
            s.port()
        ),
        (None, Some(SocketAddr::V6(s))) => format!(
            "SOCKET6(\"{text}\", \"{}\", {}, {}u, \"{s}\"),",
            hex(&s.ip().octets()),
            s.port(),
            s.scope_id()
        ),
        (None, None) => format!("NO(\"{text}\"),"),
        (Some(_), Some(_)) => panic!("a text is either"),
    }
}

fn v4_row(bits: u32) -> String {
    let a = Ipv4Addr::from_bits(bits);
    let answers = [
        a.is_unspecified(),
        a.is_loopback(),
        a.is_private(),
        a.is_link_local(),
        a.is_multicast(),
        a.is_broadcast(),
        a.is_documentation(),
    ];
    let mask: u32 = answers
        .iter()
        .enumerate()
        .map(|(i, &yes)| (yes as u32) << i)
        .sum();
    assert_eq!(a.to_ipv6_mapped().to_string(), format!("::ffff:{a}"));
    format!("{{{bits:#x}u, {mask:#x}, \"{a}\", \"{}\"}},", a.to_ipv6_compatible())
}

fn v6_row(a: Ipv6Addr) -> String {
    let answers = [
        a.is_unspecified(),
        a.is_loopback(),
        a.is_multicast(),
        a.is_unique_local(),
        a.is_unicast_link_local(),
    ];
    let mask: u32 = answers
        .iter()
        .enumerate()
        .map(|(i, &yes)| (yes as u32) << i)
        .sum();
    let shown = |v4: Option<Ipv4Addr>| v4.map_or(String::new(), |v4| v4.to_string());
    let groups = a.segments().map(|group| format!("{group:#x}")).join(",");
    if a.to_ipv4().is_none() {
        assert!(a.to_ipv4_mapped().is_none() && a.to_canonical() == IpAddr::V6(a));
        return format!("V6({groups},{mask:#x},\"{a}\"),").replace("0x0,", "0,");
    }
    format!(
        "{{{{{groups}}}, {mask:#x}, \"{a}\", \"{}\", \"{}\", \"{}\"}},",
        shown(a.to_ipv4()),
        shown(a.to_ipv4_mapped()),
        a.to_canonical()
    )
}

/// Prints as many rows on a line as fit into 100 columns.
fn fill(rows: impl Iterator<Item = String>) {
    let mut line = String::from("   ");
    for row in rows {
        if line.len() > 3 && line.len() + 1 + row.len() > 100 {
            println!("{line}");
            line = String::from("   ");
        }
        line = line + " " + &row;
    }
    println!("{line}");
}

/// Prints the rows of one table again, in order.
fn answer(table: &str, rows: &str) {
    match table {
        "rust_texts" => {
            let texts: BTreeSet<_> = rows.split("(\"").skip(1).map(unescaped).collect();
            fill(texts.iter().map(|text| text_row(text)));
        }
        "rust_v4s" => {
            let bits: BTreeSet<_> = rows.split('{').skip(1).map(|row| number(row.split('u').next().unwrap())).collect();
            fill(bits.iter().map(|&bits| v4_row(bits)));
        }
        _ => {
            let rows = rows.replace("V6(", "{{");
            let addr = |row: &str| {
                let mut groups = [0; 8];
                groups.iter_mut().zip(row.split([',', '}'])).for_each(|(group, text)| *group = number(text) as u16);
                Ipv6Addr::from(groups)
            };
            let addrs: BTreeSet<_> = rows.split("{{").skip(1).map(addr).collect();
            fill(addrs.iter().map(|&addr| v6_row(addr)));
        }
    }
}

fn main() {
    let header = std::io::read_to_string(std::io::stdin()).unwrap();
    let mut rest = header.as_str();
    while let Some((before, after)) = rest.split_once("[] = {\n") {
        println!("{before}[] = {{");
        let (rows, end) = after.split_once("\n};").unwrap();
        answer(before.rsplit(' ').next().unwrap(), rows);
        print!("}};");
        rest = end;
    }
    print!("{rest}");
}
