//! Rust with bindgen: a stream and a listener of a program talk over loopback; a poller waits.
//!
//! ci/ffi.sh has the options of bindgen. With --no-copy for the handles, a handle moves. `as _`
//! converts what bindgen 0.60 declares differently from newer ones: size_t is u64, and
//! FER_DURATION_NONE_NANOS is an i32 of -1.

#[allow(dead_code, non_camel_case_types, non_snake_case, non_upper_case_globals)]
mod ferrule {
    include!(env!("FERRULE_BINDINGS"));
}
use ferrule::*;
use std::ffi::{CStr, CString};
use std::{mem, ptr};

/// An owner of a handle: all zero bytes are a valid handle, and closing it is always allowed.
struct Owned<T>(T, unsafe extern "C" fn(*mut T));

impl<T> Owned<T> {
    fn new(close: unsafe extern "C" fn(*mut T)) -> Self {
        Owned(unsafe { mem::zeroed() }, close)
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { (self.1)(&mut self.0) }
    }
}

fn check(error: fer_error) -> Result<(), String> {
    if error.kind == fer_error_kind_FER_OK {
        return Ok(());
    }
    let mut text = [0; FER_ERROR_TEXT_CAP as usize];
    unsafe {
        fer_error_format(error, text.as_mut_ptr(), text.len() as _);
        Err(CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned())
    }
}

fn wait(poller: &mut fer_poller, timeout: fer_duration) -> Result<Vec<fer_event>, String> {
    let mut events: [fer_event; 4] = unsafe { mem::zeroed() };
    let mut count = 0;
    let out = events.as_mut_ptr();
    check(unsafe { fer_poller_wait(poller, timeout, out, 4, &mut count, ptr::null_mut()) })?;
    Ok(events.into_iter().take(count as usize).collect())
}

fn run() -> Result<(), String> {
    let mut listener = Owned::new(fer_tcp_listener_close);
    let mut client = Owned::new(fer_tcp_stream_close);
    let mut server = Owned::new(fer_tcp_stream_close);
    let mut poller = Owned::new(fer_poller_close);
    let mut addr: fer_socket_addr = unsafe { mem::zeroed() };
    let any_port = CString::new("127.0.0.1:0").unwrap();
    unsafe {
        check(fer_tcp_listener_bind(&mut listener.0, any_port.as_ptr()))?;
        check(fer_tcp_listener_local_addr(&listener.0, &mut addr))?;
        assert_eq!(addr.ip.family, fer_ip_family_FER_IP_V4);
        assert_eq!(addr.ip.u.v4.octets, fer_ipv4_addr_new(127, 0, 0, 1).octets);
        let host_port = CString::new(format!("127.0.0.1:{}", addr.port)).unwrap();
        check(fer_tcp_stream_connect(&mut client.0, host_port.as_ptr()))?;
        check(fer_tcp_listener_accept(&mut listener.0, &mut server.0, ptr::null_mut()))?;

        check(fer_poller_new(&mut poller.0))?;
        let event = fer_event { key: u64::MAX, interest: FER_READABLE, reserved_: 0 };
        let raw = fer_tcp_stream_as_raw(&server.0);
        check(fer_poller_add(&mut poller.0, raw, event, fer_poll_mode_FER_POLL_LEVEL))?;
        assert!(wait(&mut poller.0, fer_duration_from_millis(0))?.is_empty());
        let hello = b"hello".as_ptr().cast();
        check(fer_tcp_stream_write_all(&mut client.0, hello, 5, ptr::null_mut()))?;
        let events = wait(&mut poller.0, fer_duration { nanos: FER_DURATION_NONE_NANOS as _ })?;
        assert_eq!((events.len(), events[0].key), (1, u64::MAX));
        assert_eq!(events[0].interest & (FER_READABLE | FER_WRITABLE), FER_READABLE);

        let mut buffer = [0u8; 16];
        let mut n = 0;
        let out = buffer.as_mut_ptr().cast();
        check(fer_tcp_stream_read(&mut server.0, out, buffer.len() as _, &mut n))?;
        assert_eq!(&buffer[..n as usize], b"hello");
        fer_tcp_stream_close(&mut server.0); // and again by Drop, which is harmless
        assert_eq!(fer_tcp_stream_as_raw(&server.0), FER_RAW_SOCKET_NONE as fer_raw_socket);
        let without_port = CString::new("127.0.0.1").unwrap();
        let error = check(fer_tcp_stream_connect(&mut server.0, without_port.as_ptr()));
        assert_eq!(error.unwrap_err(), "invalid input parameter");
    }
    Ok(())
}

fn main() {
    run().unwrap();
    println!("bindgen: ok");
}
