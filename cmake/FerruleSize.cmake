# Keeps a Release build small. Code that moves bytes or parses addresses is compiled for
# speed; the rest, which runs once for each connection or beside a system call, for size. CMake's
# default -O3 makes the library a quarter larger, with optimizations for loops that it does not have.
set(ferrule_hot_sources
    core/address/ip_parse.c
    core/wait/poller.c
    core/transfer/stream_io.c
    platform/posix/bytes.c
    platform/winsock/address.c
    platform/winsock/bytes.c
    platform/winsock/wait.c
    platform/winsock/wait_request.c
    platform/winsock/wait_select.c)
# With link-time optimization these too: a program then takes only what it calls.
if(FERRULE_LTO)
    list(APPEND ferrule_hot_sources
        core/address/ip_format.c
        core/address/socket_addr_format.c
        core/address/socket_addr_parse.c
        core/handle/handle.c
        core/handle/stream_request.c
        core/handle/stream_result.c
        core/handle/stream_state.c
        core/wait/waiting.c
        core/transfer/datagram.c
        core/transfer/stream_vectored.c
        platform/posix/address.c
        platform/posix/poller_epoll.c
        platform/posix/wait.c)
endif()

include(CheckLinkerFlag)

function(ferrule_keep_small target)
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC AND NOT FERRULE_SANITIZE AND NOT FERRULE_FUZZ_ENGINE)
        target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-Os>")
        # Small functions are not inlined but shared, and a switch is compared and not jumped through
        # a table. gcc would apply the first to a whole program if it optimizes at link time.
        if(NOT FERRULE_LTO)
            target_compile_options(${target} PRIVATE
                "$<$<CONFIG:Release>:-fno-inline-small-functions;-fno-jump-tables>"
                # clang refuses this option.
                "$<$<AND:$<CONFIG:Release>,$<C_COMPILER_ID:GNU>>:-fno-shrink-wrap>")
        endif()
        # No exception passes through C code without callbacks, and its unwind tables would be a
        # quarter of the library. Debuggers have their own (-g), and RelWithDebInfo keeps these for
        # profilers.
        target_compile_options(${target} PRIVATE
            "$<$<CONFIG:Release>:-fno-unwind-tables;-fno-asynchronous-unwind-tables>")
        # The linker then drops what no public function calls.
        target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-ffunction-sections>")
        # Options of a source file follow those of its target, so they take precedence.
        set_source_files_properties(${ferrule_hot_sources} PROPERTIES
            COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2;-finline-small-functions;-fjump-tables>")
    endif()
    get_target_property(kind ${target} TYPE)
    if(kind STREQUAL "SHARED_LIBRARY" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
        # Binds the library's calls of its own functions at link time; and constants share the pages
        # of the code instead of three half-empty pages.
        foreach(flag IN ITEMS -Bsymbolic-functions -z,noseparate-code --gc-sections)
            string(MAKE_C_IDENTIFIER "ferrule_linker_takes${flag}" takes_flag)
            check_linker_flag(C "LINKER:${flag}" ${takes_flag})
            if(${takes_flag})
                target_link_options(${target} PRIVATE "LINKER:${flag}")
            endif()
        endforeach()
    endif()
endfunction()
