/* io.hpp: io.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules. */
#ifndef FERRULE_IO_HPP
#define FERRULE_IO_HPP

#include "ferrule/io.h"
#include "ferrule/owned.hpp"

namespace ferrule
{
/* clang-format off */

/* A function f is fer_stream_f or fer_f of io.h. */
[[nodiscard]] inline fer_error shutdown(fer_stream stream, fer_shutdown how) noexcept
{ return fer_stream_shutdown(stream, how); }
inline result<size_t> read(fer_stream stream, mutable_bytes buf) noexcept
{ return detail::value_of(fer_stream_read, stream, buf.data(), buf.size()); }
inline result<size_t> peek(fer_stream stream, mutable_bytes buf) noexcept
{ return detail::value_of(fer_stream_peek, stream, buf.data(), buf.size()); }
inline result<size_t> try_read(fer_stream stream, mutable_bytes buf) noexcept
{ return detail::value_of(fer_stream_try_read, stream, buf.data(), buf.size()); }
inline result<size_t> try_peek(fer_stream stream, mutable_bytes buf) noexcept
{ return detail::value_of(fer_stream_try_peek, stream, buf.data(), buf.size()); }
inline result<size_t> read_vectored(fer_stream stream, view<const fer_io_slice_mut> slices) noexcept
{ return detail::value_of(fer_stream_read_vectored, stream, slices.data(), slices.size()); }
inline result<size_t> try_read_vectored(fer_stream stream,
                                        view<const fer_io_slice_mut> slices) noexcept
{ return detail::value_of(fer_stream_try_read_vectored, stream, slices.data(), slices.size()); }
inline result<size_t> read_exact(fer_stream stream, mutable_bytes buf) noexcept
{ return detail::value_of(fer_stream_read_exact, stream, buf.data(), buf.size()); }
inline result<size_t> read_to_end(fer_stream stream, mutable_bytes buf) noexcept
{ return detail::value_of(fer_stream_read_to_end, stream, buf.data(), buf.size()); }
inline result<size_t> write(fer_stream stream, bytes buf) noexcept
{ return detail::value_of(fer_stream_write, stream, buf.data(), buf.size()); }
inline result<size_t> try_write(fer_stream stream, bytes buf) noexcept
{ return detail::value_of(fer_stream_try_write, stream, buf.data(), buf.size()); }
inline result<size_t> write_vectored(fer_stream stream, view<const fer_io_slice> slices) noexcept
{ return detail::value_of(fer_stream_write_vectored, stream, slices.data(), slices.size()); }
inline result<size_t> try_write_vectored(fer_stream stream,
                                         view<const fer_io_slice> slices) noexcept
{ return detail::value_of(fer_stream_try_write_vectored, stream, slices.data(), slices.size()); }
inline result<size_t> write_all(fer_stream stream, bytes buf) noexcept
{ return detail::value_of(fer_stream_write_all, stream, buf.data(), buf.size()); }
inline result<fer_interest> ready(fer_stream stream, fer_interest interest,
                                  fer_duration timeout) noexcept
{ return detail::value_of(fer_stream_ready, stream, interest, timeout); }
inline result<fer_error> take_error(fer_stream stream) noexcept
{ return detail::value_of(fer_stream_take_error, stream); }
[[nodiscard]] inline fer_error set_read_timeout(fer_stream stream, fer_duration timeout) noexcept
{ return fer_stream_set_read_timeout(stream, timeout); }
[[nodiscard]] inline fer_error set_write_timeout(fer_stream stream, fer_duration timeout) noexcept
{ return fer_stream_set_write_timeout(stream, timeout); }
inline result<fer_duration> read_timeout(fer_stream stream) noexcept
{ return detail::value_of(fer_stream_read_timeout, stream); }
inline result<fer_duration> write_timeout(fer_stream stream) noexcept
{ return detail::value_of(fer_stream_write_timeout, stream); }
[[nodiscard]] inline fer_error set_nonblocking(fer_stream stream, bool nonblocking) noexcept
{ return fer_stream_set_nonblocking(stream, nonblocking); }
[[nodiscard]] inline fer_error set_limits(fer_stream stream, const fer_limits &limits) noexcept
{ return fer_stream_set_limits(stream, &limits); }
[[nodiscard]] inline fer_raw_socket as_raw(fer_stream stream) noexcept
{ return fer_stream_as_raw(stream); }
[[nodiscard]] inline fer_socket *as_socket(fer_stream stream) noexcept
{ return fer_stream_as_socket(stream); }
inline result<uint64_t> copy(fer_stream from, fer_stream to, fer_copy_buffer &buffer) noexcept
{ return detail::value_of(fer_copy, from, to, &buffer); }
[[nodiscard]] inline fer_error copy_bidirectional(fer_stream a, fer_stream b,
                                                  fer_copy_buffer &a_to_b, fer_copy_buffer &b_to_a,
                                                  uint64_t *n_a_to_b = nullptr,
                                                  uint64_t *n_b_to_a = nullptr) noexcept
{ return fer_copy_bidirectional(a, b, &a_to_b, &b_to_a, n_a_to_b, n_b_to_a); }
inline result<uint64_t> send_file(fer_stream stream, fer_raw_file file, uint64_t offset,
                                  uint64_t len, const fer_copy_buffer &buffer) noexcept
{ return detail::value_of(fer_stream_send_file, stream, file, offset, len, &buffer); }

/* clang-format on */
} // namespace ferrule

#endif
