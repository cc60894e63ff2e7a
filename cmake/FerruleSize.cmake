# Keeps a Release build small. Code that moves bytes, parses or formats addresses is compiled for
# speed; the rest, which runs once for each connection, for size. CMake's default -O3 makes the
# library a quarter larger, with optimizations for loops that it does not have.
set(ferrule_hot_sources
    core/address/ip_format.c
    core/address/ip_parse.c
    core/address/socket_addr_format.c
    core/address/socket_addr_parse.c
    core/handle/handle.c
    core/handle/stream_request.c
    core/handle/stream_result.c
    core/handle/stream_state.c
    core/wait/poller.c
    core/wait/waiting.c
    core/transfer/datagram.c
    core/transfer/stream_io.c
    core/transfer/stream_vectored.c
    platform/posix/address.c
    platform/posix/bytes.c
    platform/posix/poller_epoll.c
    platform/posix/wait.c
    platform/winsock/address.c
    platform/winsock/bytes.c
    platform/winsock/wait.c
    platform/winsock/wait_request.c
    platform/winsock/wait_select.c)

include(CheckLinkerFlag)

function(ferrule_keep_small target)
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC AND NOT FERRULE_SANITIZE AND NOT FERRULE_FUZZ_ENGINE)
        target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-Os>")
        # No exception passes through C code without callbacks, and its unwind tables would be a
        # quarter of the library. Debuggers have their own (-g), and RelWithDebInfo keeps these for
        # profilers.
        target_compile_options(${target} PRIVATE
            "$<$<CONFIG:Release>:-fno-unwind-tables;-fno-asynchronous-unwind-tables>")
        # Options of a source file follow those of its target, so they take precedence.
        set_source_files_properties(${ferrule_hot_sources} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2>")
    endif()
    get_target_property(kind ${target} TYPE)
    if(kind STREQUAL "SHARED_LIBRARY" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
        # Binds the library's calls of its own functions at link time; and constants share the pages
        # of the code instead of three half-empty pages.
        foreach(flag IN ITEMS -Bsymbolic-functions -z,noseparate-code)
            string(MAKE_C_IDENTIFIER "ferrule_linker_takes${flag}" takes_flag)
            check_linker_flag(C "LINKER:${flag}" ${takes_flag})
            if(${takes_flag})
                target_link_options(${target} PRIVATE "LINKER:${flag}")
            endif()
        endforeach()
    endif()
endfunction()
