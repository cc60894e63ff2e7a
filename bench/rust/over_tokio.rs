// over_tokio.rs: a relay by tokio's copy_bidirectional, and an echo server with a task for each
// connection, both in a runtime of the calling thread.
use std::ffi::c_int;
use std::os::fd::{FromRawFd, IntoRawFd};
use tokio::io::{copy_bidirectional, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};

static mut RUNTIME: Option<Runtime> = None;

#[allow(static_mut_refs)]
unsafe fn runtime() -> &'static Runtime {
    RUNTIME.get_or_insert_with(|| Builder::new_current_thread().enable_io().build().unwrap())
}

macro_rules! relay {
    ($tokio:ty, $std:ty, $from:expr, $to:expr) => {{
        let mut from = <$tokio>::from_std(<$std>::from_raw_fd($from)).unwrap();
        let mut to = <$tokio>::from_std(<$std>::from_raw_fd($to)).unwrap();
        let (copied, _) = copy_bidirectional(&mut from, &mut to).await.unwrap();
        // The case closes its descriptors.
        let _ = from.into_std().unwrap().into_raw_fd();
        let _ = to.into_std().unwrap().into_raw_fd();
        copied
    }};
}

/// Relays between two nonblocking sockets until both directions have ended. Returns the bytes that
/// went from the first to the second.
#[no_mangle]
pub unsafe extern "C" fn bench_rust_tokio_relay(from: c_int, to: c_int, is_unix: bool) -> u64 {
    runtime().block_on(async {
        if is_unix {
            relay!(UnixStream, std::os::unix::net::UnixStream, from, to)
        } else {
            relay!(TcpStream, std::net::TcpStream, from, to)
        }
    })
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 64];
    loop {
        let got = stream.read(&mut request).await?;
        if got == 0 {
            return Ok(());
        }
        stream.write_all(&request[..got]).await?;
    }
}

/// Serves the connections of a listener until the process ends.
#[no_mangle]
pub unsafe extern "C" fn bench_rust_tokio_serve(listener: c_int) {
    let listener = std::net::TcpListener::from_raw_fd(listener);
    listener.set_nonblocking(true).unwrap();
    runtime().block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(echo(stream));
        }
    });
}
