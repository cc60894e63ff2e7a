# How a Release build stays small: what moves bytes and what reads or writes addresses is compiled for speed, the rest, which a program calls
# once for a connection, for size. CMake's own -O3 makes the library a quarter larger, for loops that it has not.
set(ferrule_hot_sources
    core/transfer/datagram.c
    core/handle/handle.c
    core/address/ip_format.c
    core/address/ip_parse.c
    core/wait/poller.c
    core/address/socket_addr_format.c
    core/address/socket_addr_parse.c
    core/transfer/stream_io.c
    core/handle/stream_state.c
    core/handle/stream_request.c
    core/handle/stream_result.c
    core/transfer/stream_vectored.c
    core/wait/waiting.c
    platform/posix/address.c
    platform/posix/bytes.c
    platform/posix/poller_epoll.c
    platform/posix/wait.c
    platform/winsock/address.c
    platform/winsock/io.c
    platform/winsock/wait.c)

include(CheckLinkerFlag)

function(ferrule_keep_small target)
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT FERRULE_SANITIZE AND NOT FERRULE_FUZZ_ENGINE)
        target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-Os>")
        # No exception passes through C that calls nobody back. A quarter of the library would be tables for it; debuggers have their own
        # (-g), and RelWithDebInfo keeps these for profilers.
        target_compile_options(${target} PRIVATE
            "$<$<CONFIG:Release>:-fno-unwind-tables;-fno-asynchronous-unwind-tables>")
        # What is said of a file comes after what is said of its target.
        set_source_files_properties(${ferrule_hot_sources} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2>")
    endif()
    get_target_property(kind ${target} TYPE)
    if(kind STREQUAL "SHARED_LIBRARY" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
        # Its own calls of its own functions are bound here; and constants share the code's pages instead of having three half-empty ones.
        foreach(flag IN ITEMS -Bsymbolic-functions -z,noseparate-code)
            string(MAKE_C_IDENTIFIER "ferrule_linker_takes${flag}" takes_flag)
            check_linker_flag(C "LINKER:${flag}" ${takes_flag})
            if(${takes_flag})
                target_link_options(${target} PRIVATE "LINKER:${flag}")
            endif()
        endforeach()
    endif()
endfunction()
