// bench_go.go: as a C archive, the operations of bench/peers.h over Go's net; as a program, an echo
// server with a goroutine for each connection of the listener that is its descriptor 3.
package main

/*
#include <stdint.h>
*/
import "C"

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"unsafe"
)

type ends struct {
	from, to C.int
	block    uintptr
	outgoing *byte
	incoming *byte
	address  [16]byte // a sockaddr_in
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// file takes a duplicate, because Go closes its descriptors.
func file(fd C.int) *os.File {
	duplicate, err := syscall.Dup(int(fd))
	must(err)
	return os.NewFile(uintptr(duplicate), "")
}

func udpOf(fd C.int) *net.UDPConn {
	f := file(fd)
	defer f.Close()
	conn, err := net.FileConn(f)
	must(err)
	return conn.(*net.UDPConn)
}

//export bench_go_datagrams
func bench_go_datagrams(input unsafe.Pointer, count C.size_t) C.uint64_t {
	e := (*ends)(input)
	from, to := udpOf(e.from), udpOf(e.to)
	outgoing, incoming := unsafe.Slice(e.outgoing, e.block), unsafe.Slice(e.incoming, e.block)
	ip := netip.AddrFrom4([4]byte{e.address[4], e.address[5], e.address[6], e.address[7]})
	address := netip.AddrPortFrom(ip, uint16(e.address[2])<<8|uint16(e.address[3]))
	for i := C.size_t(0); i < count; i++ {
		_, err := from.WriteToUDPAddrPort(outgoing, address)
		must(err)
		_, _, err = to.ReadFromUDPAddrPort(incoming)
		must(err)
	}
	must(from.Close())
	must(to.Close())
	return C.uint64_t(count)
}

//export bench_go_connected_datagrams
func bench_go_connected_datagrams(input unsafe.Pointer, count C.size_t) C.uint64_t {
	e := (*ends)(input)
	from, to := udpOf(e.from), udpOf(e.to)
	outgoing, incoming := unsafe.Slice(e.outgoing, e.block), unsafe.Slice(e.incoming, e.block)
	for i := C.size_t(0); i < count; i++ {
		_, err := from.Write(outgoing)
		must(err)
		_, err = to.Read(incoming)
		must(err)
	}
	must(from.Close())
	must(to.Close())
	return C.uint64_t(count)
}

func listenerOf(fd C.int) *net.TCPListener {
	f := file(fd)
	defer f.Close()
	listener, err := net.FileListener(f)
	must(err)
	return listener.(*net.TCPListener)
}

//export bench_go_connects
func bench_go_connects(fd C.int, count C.size_t) {
	l := listenerOf(fd)
	for i := C.size_t(0); i < count; i++ {
		client, err := net.DialTCP("tcp4", nil, l.Addr().(*net.TCPAddr))
		must(err)
		server, err := l.AcceptTCP()
		must(err)
		must(client.SetLinger(0))
		must(client.Close())
		must(server.Close())
	}
	must(l.Close())
}

// The listener stays in Go's poller, but the connects of the case are not measured.
var listener *net.TCPListener
var accepted []*net.TCPConn

//export bench_go_accepts
func bench_go_accepts(fd C.int, count C.size_t) {
	if listener == nil {
		listener = listenerOf(fd)
	}
	for i := C.size_t(0); i < count; i++ {
		conn, err := listener.AcceptTCP()
		must(err)
		accepted = append(accepted, conn)
	}
}

//export bench_go_close_accepted
func bench_go_close_accepted() {
	for _, conn := range accepted {
		must(conn.Close())
	}
	accepted = accepted[:0]
}

func echo(conn *net.TCPConn) {
	request := make([]byte, 64)
	for {
		got, err := conn.Read(request)
		if err == nil {
			_, err = conn.Write(request[:got])
		}
		if err != nil {
			conn.Close()
			return
		}
	}
}

func main() {
	l := listenerOf(3)
	for {
		conn, err := l.AcceptTCP()
		must(err)
		go echo(conn)
	}
}
