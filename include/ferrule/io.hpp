/* io.hpp: fer_copy of io.h in C++17. owned.hpp has the rules. */
#ifndef FERRULE_IO_HPP
#define FERRULE_IO_HPP

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

} // namespace ferrule

#endif
