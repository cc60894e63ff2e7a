// Go with cgo: a stream and a listener of one program talk over loopback; a poller waits.
//
// Handles, tokens and pollers are in C's memory (C.calloc): they stay at their addresses, are
// aligned for uint64_t, and the library may store a pointer to them.
package main

/*
#cgo pkg-config: ferrule
#include <ferrule.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// check makes Go's error. cgo returns a fer_error by value.
func check(e C.fer_error) error {
	if e.kind == C.FER_OK {
		return nil
	}
	var text [C.FER_ERROR_TEXT_CAP]C.char
	C.fer_error_format(e, &text[0], C.FER_ERROR_TEXT_CAP)
	return errors.New(C.GoString(&text[0]))
}

func must(e C.fer_error) {
	if err := check(e); err != nil {
		panic(err)
	}
}

func newStream() *C.fer_tcp_stream {
	return (*C.fer_tcp_stream)(C.calloc(1, C.sizeof_fer_tcp_stream))
}

func freeStream(stream *C.fer_tcp_stream) {
	C.fer_tcp_stream_close(stream)
	C.free(unsafe.Pointer(stream))
}

func connect(stream *C.fer_tcp_stream, hostPort string) error {
	text := C.CString(hostPort)
	defer C.free(unsafe.Pointer(text))
	return check(C.fer_tcp_stream_connect(stream, text))
}

func main() {
	listener := (*C.fer_tcp_listener)(C.calloc(1, C.sizeof_fer_tcp_listener))
	poller := (*C.fer_poller)(C.calloc(1, C.sizeof_fer_poller))
	token := (*C.fer_cancel_token)(C.calloc(1, C.sizeof_fer_cancel_token))
	client, server := newStream(), newStream()
	anyPort := C.CString("127.0.0.1:0")
	defer C.free(unsafe.Pointer(anyPort))

	var addr C.fer_socket_addr
	must(C.fer_tcp_listener_bind(listener, anyPort))
	must(C.fer_tcp_listener_local_addr(listener, &addr))
	// A union is an array of its bytes.
	local := *(*C.fer_ipv4_addr)(unsafe.Pointer(&addr.ip.u))
	if addr.ip.family != C.FER_IP_V4 || local != C.fer_ipv4_addr_new(127, 0, 0, 1) {
		panic("the address is not 127.0.0.1")
	}
	if err := connect(client, fmt.Sprintf("127.0.0.1:%d", addr.port)); err != nil {
		panic(err)
	}
	must(C.fer_tcp_listener_accept(listener, server, nil))

	// The stream keeps the pointer to the token, so the token is not in Go's memory.
	must(C.fer_cancel_token_new(token))
	limits := C.fer_limits{token: token}
	must(C.fer_tcp_stream_set_limits(server, &limits))

	var events [4]C.fer_event
	var count C.size_t
	event := C.fer_event{key: 7, interest: C.FER_READABLE | C.FER_WRITABLE}
	forever := C.fer_duration{nanos: C.FER_DURATION_NONE_NANOS}
	must(C.fer_poller_new(poller))
	must(C.fer_poller_add(poller, C.fer_tcp_stream_as_raw(server), event, C.FER_POLL_LEVEL))
	hello := []byte("hello")
	must(C.fer_tcp_stream_write_all(client, unsafe.Pointer(&hello[0]), 5, nil))
	for found := C.fer_interest(0); found&C.FER_READABLE == 0; {
		must(C.fer_poller_wait(poller, forever, &events[0], 4, &count, nil))
		for _, event := range events[:count] {
			found |= event.interest
		}
	}
	buffer := make([]byte, 16)
	must(C.fer_tcp_stream_read(server, unsafe.Pointer(&buffer[0]), 16, &count))
	if string(buffer[:count]) != "hello" {
		panic("read " + string(buffer[:count]))
	}
	must(C.fer_cancel_token_cancel(token))
	cancelled := C.fer_tcp_stream_read(server, unsafe.Pointer(&buffer[0]), 16, &count)
	if cancelled.kind != C.FER_CANCELLED {
		panic("a cancelled token does not end a read")
	}

	C.fer_poller_close(poller)
	C.fer_tcp_stream_close(server)
	if C.fer_tcp_stream_as_raw(server) != C.FER_RAW_SOCKET_NONE {
		panic("a closed stream has a raw socket")
	}
	if err := connect(server, "127.0.0.1"); err == nil || err.Error() != "invalid input parameter" {
		panic("a text without a port was accepted")
	}
	freeStream(client)
	freeStream(server)
	C.fer_tcp_listener_close(listener)
	C.fer_cancel_token_close(token)
	C.free(unsafe.Pointer(listener))
	C.free(unsafe.Pointer(poller))
	C.free(unsafe.Pointer(token))
	fmt.Println("cgo: ok")
}
