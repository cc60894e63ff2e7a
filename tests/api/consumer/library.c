/* library.c: a library of the user's that is written over ferrule. */
#include <ferrule.h>

fer_error library_hear(const char *host_port, void *buf, size_t len);

fer_error library_hear(const char *host_port, void *buf, size_t len)
{
    fer_tcp_stream stream = {0};
    fer_error err = fer_tcp_stream_connect(&stream, host_port);
    if (err.kind == FER_OK) {
        err = fer_tcp_stream_read_exact(&stream, buf, len, NULL);
    }
    fer_tcp_stream_close(&stream);
    return err;
}
