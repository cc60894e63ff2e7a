/* io.hpp: io.h in C++17: functions for streams of any type. owned.hpp has the rules. */
#ifndef FERRULE_IO_HPP
#define FERRULE_IO_HPP

#include <cstddef>
#include <cstdint>

#include "ferrule/io.h"
#include "ferrule/owned.hpp"

namespace ferrule
{

/* Copies all bytes of one stream into another, until the first one's end of file (fer_copy). The
 * result has the number of bytes written, after an error too. The as_stream functions of tcp_stream
 * and unix_stream make the arguments. */
inline result<std::uint64_t> copy(fer_stream from, fer_stream to, fer_copy_buffer &buffer) noexcept
{
    return detail::value_of<std::uint64_t>(fer_copy, from, to, &buffer);
}

/* Shuts down the read half, the write half or both of a stream of any type
 * (fer_stream_shutdown). */
[[nodiscard]] inline fer_error shutdown(fer_stream stream, fer_shutdown how) noexcept
{
    return fer_stream_shutdown(stream, how);
}

/* Reads available bytes (fer_stream_read). */
inline result<std::size_t> read(fer_stream stream, mutable_bytes buf) noexcept
{
    return detail::value_of<std::size_t>(fer_stream_read, stream, buf.data(), buf.size());
}

/* Reads available bytes and never waits (fer_stream_try_read). */
inline result<std::size_t> try_read(fer_stream stream, mutable_bytes buf) noexcept
{
    return detail::value_of<std::size_t>(fer_stream_try_read, stream, buf.data(), buf.size());
}

/* Fills the buffer (fer_stream_read_exact). */
inline result<std::size_t> read_exact(fer_stream stream, mutable_bytes buf) noexcept
{
    return detail::value_of<std::size_t>(fer_stream_read_exact, stream, buf.data(), buf.size());
}

/* Writes as many bytes as the OS accepts (fer_stream_write). */
inline result<std::size_t> write(fer_stream stream, bytes buf) noexcept
{
    return detail::value_of<std::size_t>(fer_stream_write, stream, buf.data(), buf.size());
}

/* Writes the bytes that fit and never waits (fer_stream_try_write). */
inline result<std::size_t> try_write(fer_stream stream, bytes buf) noexcept
{
    return detail::value_of<std::size_t>(fer_stream_try_write, stream, buf.data(), buf.size());
}

/* Writes all bytes (fer_stream_write_all). */
inline result<std::size_t> write_all(fer_stream stream, bytes buf) noexcept
{
    return detail::value_of<std::size_t>(fer_stream_write_all, stream, buf.data(), buf.size());
}

/* Waits until the stream is ready, at most timeout (fer_stream_ready). */
inline result<fer_interest> ready(fer_stream stream, fer_interest interest,
                                  fer_duration timeout) noexcept
{
    return detail::value_of<fer_interest>(fer_stream_ready, stream, interest, timeout);
}

/* Sets the limits of the calls that wait on the stream's handle (fer_stream_set_limits). */
[[nodiscard]] inline fer_error set_limits(fer_stream stream, const fer_limits &limits) noexcept
{
    return fer_stream_set_limits(stream, &limits);
}

} // namespace ferrule

#endif
