# Keeps a Release build small: it is compiled for size. CMake's default -O3 makes the library a third
# larger, with optimizations for loops that it does not have. The functions that must be fast are
# marked in the sources (core/base/compiler.h).
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

function(ferrule_keep_small target)
    if(CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND NOT MSVC AND NOT FERRULE_SANITIZE AND NOT FERRULE_FUZZ_ENGINE)
        # No exception passes through C code without callbacks, and its unwind tables would be a
        # quarter of the library. Debuggers have their own (-g), and RelWithDebInfo keeps these for
        # profilers. With a section for each function and each constant the linker drops what a
        # program does not use. gcc puts the jump tables of all functions into one section if
        # constants share one, and each table keeps its function. For Windows it always does that,
        # and with -fdata-sections it puts variables without a value into .data instead of .bss.
        set(separate_data -fdata-sections)
        if(WIN32)
            set(separate_data -fno-jump-tables)
        endif()
        target_compile_options(${target} PRIVATE
            "$<$<CONFIG:Release>:-Os;-fno-unwind-tables;-fno-asynchronous-unwind-tables;-ffunction-sections;${separate_data}>")
    endif()
    get_target_property(kind ${target} TYPE)
    # The library's calls of its own exported functions are not meant to be replaced, so they can be
    # inlined. Windows and macOS have no such interposition.
    if(kind STREQUAL "SHARED_LIBRARY" AND CMAKE_C_COMPILER_ID MATCHES "GNU|Clang" AND UNIX AND NOT APPLE)
        # clang warns of an option that the system's object format does not need.
        set(CMAKE_REQUIRED_FLAGS -Werror)
        check_c_compiler_flag(-fno-semantic-interposition ferrule_compiler_takes_no_interposition)
        if(ferrule_compiler_takes_no_interposition)
            target_compile_options(${target} PRIVATE -fno-semantic-interposition)
        endif()
    endif()
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
