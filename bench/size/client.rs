// client.rs: the client of tests/api/size_client.c over Rust's std::net.
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

fn greet() -> std::io::Result<()> {
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, 7))?;
    client.write_all(b"hello")?;
    client.read(&mut [0; 64])?;
    Ok(())
}

fn main() {
    std::process::exit(i32::from(greet().is_err()));
}
