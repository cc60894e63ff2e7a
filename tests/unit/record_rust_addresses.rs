// Records the results of Rust's std::net for many address texts, and for addresses at the edges of every range, as the C header
// rust_address_vectors.h. Needs no crate. To regenerate, with the rustc version that ferrule follows (1.95):
//     rustc -O tests/unit/record_rust_addresses.rs -o /tmp/record && /tmp/record > tests/unit/rust_address_vectors.h
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

fn texts() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut add = |text: &str| all.push(text.as_bytes().to_vec());
    let v4 = [
        "0.0.0.0",
        "127.0.0.1",
        "255.255.255.255",
        "1.2.3.4",
        "10.20.30.40",
        "192.168.100.200",
        "249.250.251.252",
        "9.99.199.0",
        "256.0.0.0",
        "0.256.0.0",
        "0.0.256.0",
        "0.0.0.256",
        "300.1.1.1",
        "1.1.1.511",
        "1.1.1.767",
        "999.999.999.999",
        "260.1.1.1",
        "01.2.3.4",
        "1.02.3.4",
        "1.2.003.4",
        "1.2.3.00",
        "00.0.0.0",
        "0000.0.0.0",
        "1000.2.3.4",
        "1.2.3.4000",
        "0.0.0.0000",
        "1.2.3",
        "1.2",
        "1",
        "",
        ".",
        "...",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "1.2.3.4.",
        ".1.2.3.4",
        "1.2.3.4.5",
        "1.2.3..4",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4\n",
        "1.2.3.4\0",
        "1\0.2.3.4",
        "+1.2.3.4",
        "-1.2.3.4",
        "1.2.3.a",
        "a.b.c.d",
        "1,2,3,4",
        "1.2.3.4/8",
        "\u{661}.2.3.4",
        "1.2.3.\u{ff14}",
        "localhost",
    ];
    let v6 = [
        "::",
        "::1",
        "1::",
        "::0",
        "0::",
        "0::0",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1::3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        ":1:2:3:4:5:6:7",
        ":",
        ":::",
        "::::",
        "1:::2",
        "1::2::3",
        "::1::",
        "1:",
        ":1",
        "1:2",
        "2001:db8::1",
        "2001:DB8::FFFF",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "00001::",
        "::00001",
        "::00000",
        "12345::",
        "::fffff",
        "::g",
        "g::",
        "::G",
        "::1.2.3.4",
        "::ffff:1.2.3.4",
        "::ffff:0:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5::1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4",
        "::2:3:4:5:6:1.2.3.4",
        "::2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.256",
        "::01.2.3.4",
        "::1.2.3.04",
        "1.2.3.4:5:6:7:8:9:a",
        "1:1.2.3.4::",
        "::1:1.2.3.4",
        "::ffff:255.255.255.255",
        "::ffff:0.0.0.0",
        "::0.0.0.1",
        "64:ff9b::192.0.2.33",
        "fe80::1%1",
        "fe80::1%eth0",
        "[::1]",
        "::1/128",
        "::1 ",
        " ::1",
        "::1\0",
        "::\0",
        "0:0:0:0:0:0:0:0",
        "1:0:0:2:0:0:0:3",
        "1:0:0:2:3:0:0:4",
        "0:0:1:0:0:1:0:0",
        "1:0:2:0:3:0:4:0",
        "0:1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:0",
        "1:2:3:4:5:6:0:0",
        "0:0:3:4:5:6:7:8",
        "0:0:0:0:0:ffff:0:0",
        "0:0:0:0:1:ffff:1.2.3.4",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
        "a:B:c:D:e:F:a:B",
        "::a.b.c.d",
        "-1::",
        "+1::",
        "0x1::",
        "1:2:3:4:5:6:7:8%1",
        "::%",
        "1::1:",
        "::1:",
        "1:2:",
        ":1::",
        "::.1.2.3",
        "::1.",
        "::1..2.3.4",
        "::12345.1.1.1",
        "::ffff.1.1.1",
        "1:2:3:4:5:6:7:8.1.1.1",
        "::1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7::8",
        "1::2:3:4:5:6:7:8",
    ];
    let ports = [
        "",
        ":",
        ":0",
        ":1",
        ":80",
        ":0080",
        ":00000",
        ":65535",
        ":065535",
        ":0000000000000000000000065535",
        ":65536",
        ":065536",
        ":65540",
        ":99999",
        ":100000",
        ":4294967376",
        ":18446744073709551617",
        ":18446744073709551696",
        ":+80",
        ":-1",
        ":-0",
        ": 80",
        ":80 ",
        ":8a",
        ":0x50",
        ":80:",
        "::80",
        ":80\0",
        ":http",
        ".80",
        "%1:80",
        "80",
    ];
    let scopes = [
        "",
        "%",
        "%0",
        "%1",
        "%01",
        "%000000000000001",
        "%4294967295",
        "%04294967295",
        "%4294967296",
        "%9999999999",
        "%18446744073709551617",
        "%lo",
        "%1a",
        "%+1",
        "%-1",
        "% 1",
        "%1%2",
        "%%1",
        "%1:",
        "%1\0",
    ];
    for text in v4 {
        add(text);
        add(&format!("{text}:80"));
    }
    for text in v6 {
        add(text);
    }
    for text in ["[::ffff:1.2.3.4]:80", "[1::2::3]:80", "[1.2.3.4]:80", "[1.2.3.4.5]:80", "::1:80", "1:2:3:4:5:6:7:8:80", "::1.2.3.4:80"] {
        add(text);
    }
    for port in ports {
        add(&format!("255.255.255.255{port}"));
        add(&format!("[fe80::1]{port}"));
    }
    for scope in scopes {
        add(&format!("[::{scope}]:443"));
        add(&format!("fe80::1{scope}"));
    }
    for text in [
        "[",
        "]",
        "[]",
        "[]:80",
        "[::1",
        "[::1:80",
        "::1]:80",
        "[[::1]]:80",
        "[::1]80",
        "[::1] :80",
        " [::1]:80",
        "[ ::1]:80",
    ] {
        add(text);
    }
    all.push(b"1.2.3.\xff".to_vec());
    all.push(b"\x80::1".to_vec());
    all.sort();
    all.dedup();
    all
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

fn v4_edges() -> Vec<u32> {
    let begins: [u32; 14] = [
        0, 0x01000000, 0x0A000000, 0x0B000000, 0x7F000000, 0x80000000, 0xA9FE0000, 0xAC100000,
        0xAC200000, 0xC0000200, 0xC0A80000, 0xC6336400, 0xCB007100, 0xE0000000,
    ];
    let mut all: Vec<u32> = begins
        .iter()
        .flat_map(|&b| {
            [
                b.wrapping_sub(1),
                b,
                b + 1,
                b + 0xFFFF,
                b + 0x10000,
            ]
        })
        .collect();
    all.extend([
        0xF0000000, 0xEFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0x7F000001, 0x01020304, 0x0AFFFFFF,
        0x7FFFFFFF, 0xAC1FFFFF,
    ]);
    all.sort();
    all.dedup();
    all
}

fn v6_edges() -> Vec<Ipv6Addr> {
    let mut all: Vec<Ipv6Addr> = Vec::new();
    for first in [
        0, 1, 0x2001, 0xfbff, 0xfc00, 0xfdff, 0xfe00, 0xfe7f, 0xfe80, 0xfebf, 0xfec0, 0xfeff,
        0xff00, 0xffff,
    ] {
        all.push(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0));
        all.push(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 1));
        all.push(Ipv6Addr::new(
            first, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff,
        ));
    }
    for sixth in [0, 1, 0xfffe, 0xffff] {
        for fifth in [0, 1] {
            for low in [(0, 0), (0, 1), (0x7f00, 1), (0x102, 0x304)] {
                all.push(Ipv6Addr::new(0, 0, 0, 0, fifth, sixth, low.0, low.1));
                if sixth == 0xffff {
                    all.push(Ipv6Addr::new(1, 0, 0, 0, fifth, sixth, low.0, low.1));
                }
            }
        }
    }
    // Two runs of zeros of the same length. test_ip_format.c has every pattern.
    for zeros in 0u16..256 {
        let runs: Vec<usize> = format!("{zeros:08b}")
            .split('0')
            .map(str::len)
            .filter(|&len| len > 0)
            .collect();
        if runs.len() != 2 || runs[0] != runs[1] {
            continue;
        }
        let group = |i: u16| {
            if zeros >> i & 1 == 1 {
                0
            } else {
                0x1 << (4 * (i % 4))
            }
        };
        all.push(Ipv6Addr::new(
            group(0),
            group(1),
            group(2),
            group(3),
            group(4),
            group(5),
            group(6),
            group(7),
        ));
    }
    all.sort();
    all.dedup();
    all
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

fn main() {
    println!("/* rust_address_vectors.h: what Rust 1.95's std::net answers. Recorded by record_rust_addresses.rs, which says how to do it");
    println!(" * again; not written by hand. */");
    println!("#ifndef RUST_ADDRESS_VECTORS_H\n#define RUST_ADDRESS_VECTORS_H\n");
    println!("#include <stddef.h>\n#include <stdint.h>\n");
    println!("enum rust_answer {{ RUST_REJECTED, RUST_IP_V4, RUST_IP_V6, RUST_SOCKET_V4, RUST_SOCKET_V6 }};\n");
    println!(
        "/* A text and what FromStr makes of it: octets in hexadecimal, and Display's text. */"
    );
    println!("#define NO(text) {{text, sizeof text - 1, RUST_REJECTED, \"\", 0, 0u, \"\"}}");
    println!("#define IP4(text, octets, shown) {{text, sizeof text - 1, RUST_IP_V4, octets, 0, 0u, shown}}");
    println!("#define IP6(text, octets, shown) {{text, sizeof text - 1, RUST_IP_V6, octets, 0, 0u, shown}}");
    println!("#define SOCKET4(text, octets, port, shown) {{text, sizeof text - 1, RUST_SOCKET_V4, octets, port, 0u, shown}}");
    println!("#define SOCKET6(text, octets, port, scope, shown) {{text, sizeof text - 1, RUST_SOCKET_V6, octets, port, scope, shown}}");
    println!("static const struct rust_text {{");
    println!("    const char *text;\n    size_t len;\n    enum rust_answer answer;\n    const char *octets;\n    uint16_t port;\n    uint32_t scope_id;");
    println!("    const char *shown;\n}} rust_texts[] = {{");
    fill(texts().iter().map(|text| text_row(text)));
    println!("}};\n");
    println!("/* Bits: unspecified, loopback, private, link_local, multicast, broadcast, documentation. */");
    println!("static const struct rust_v4 {{");
    println!("    uint32_t bits;\n    unsigned is;\n    const char *shown;\n    const char *compatible;\n}} rust_v4s[] = {{");
    fill(v4_edges().iter().map(|&bits| v4_row(bits)));
    println!("}};\n");
    println!("/* Bits: unspecified, loopback, multicast, unique_local, unicast_link_local. Texts are empty for None. In order. */");
    println!("#define V6(a, b, c, d, e, f, g, h, is, shown) {{{{a, b, c, d, e, f, g, h}}, is, shown, \"\", \"\", shown}}");
    println!("static const struct rust_v6 {{");
    println!("    uint16_t groups[8];\n    unsigned is;\n    const char *shown;\n    const char *ipv4;\n    const char *ipv4_mapped;");
    println!("    const char *canonical;\n}} rust_v6s[] = {{");
    fill(v6_edges().iter().map(|&addr| v6_row(addr)));
    println!("}};\n\n#endif");
}
