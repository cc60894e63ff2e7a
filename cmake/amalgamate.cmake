# Writes ferrule.h, all public headers but sim.h in one, and ferrule.c, the library in one file: core
# and the backends of POSIX systems and Windows, chosen by #if. The library itself is built from
# these two files (FERRULE_AMALGAMATED); a project can also copy them into its own sources.
# usage: cmake [-D ROOT=SOURCES] [-D OUT=DIRECTORY] -P cmake/amalgamate.cmake
cmake_minimum_required(VERSION 3.20)
if(NOT DEFINED ROOT)
    get_filename_component(ROOT "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
endif()
if(NOT DEFINED OUT)
    set(OUT .)
endif()
get_filename_component(OUT "${OUT}" ABSOLUTE)

# Each list of sources, whatever the system.
set(WIN32 ON)
include("${ROOT}/cmake/FerruleSources.cmake")
set(common_sources
    platform/common/control.c platform/common/errno_of_kind.c platform/common/memory.c
    platform/common/message_source.c platform/common/sockaddr.c)
set(conditional_sources platform/common/no_copying.c platform/common/sources.c)
list(REMOVE_ITEM ferrule_posix_sources ${common_sources} ${conditional_sources})
list(REMOVE_ITEM ferrule_winsock_sources ${common_sources} ${conditional_sources})
list(REMOVE_ITEM ferrule_list_sources platform/common/sources.c)

# make_static(TEXT_VARIABLE): in a header that is not public, every function of another file becomes
# static: C takes the linkage of the definition from the earlier declaration (C11, 6.2.2, 5). The
# compiler can then inline it, or drop it. Inline functions are static already.
function(make_static variable)
    set(text "${${variable}}")
    string(REGEX REPLACE "\n(static|typedef|return|else) " "\n\t\\1 " text "${text}")
    string(REGEX REPLACE "\n([a-z][A-Za-z0-9_ *]*(feri|ferp)_[a-z0-9_]+\\()" "\nstatic \\1" text "${text}")
    string(REGEX REPLACE "\n\t" "\n" text "${text}")
    set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# append_file(FILE): appends a file to the global property `text`. Each header of the library is
# inserted at its first #include and left out later; the public ones are left out always.
function(append_file file)
    file(READ "${ROOT}/${file}" rest)
    set(rest "\n${rest}")
    if(file MATCHES "\\.h$")
        make_static(rest)
    endif()
    set_property(GLOBAL APPEND_STRING PROPERTY text "\n/* ==== ${file} ==== */\n")
    while(rest MATCHES "\n#include \"([^\"\n]+)\"\n")
        set(line "${CMAKE_MATCH_0}")
        set(header "${CMAKE_MATCH_1}")
        string(FIND "${rest}" "${line}" at)
        string(SUBSTRING "${rest}" 0 ${at} before)
        set_property(GLOBAL APPEND_STRING PROPERTY text "${before}\n")
        string(LENGTH "${line}" length)
        math(EXPR at "${at} + ${length} - 1")
        string(SUBSTRING "${rest}" ${at} -1 rest)
        get_property(included GLOBAL PROPERTY included)
        if(NOT header MATCHES "^ferrule" AND NOT header IN_LIST included)
            set_property(GLOBAL APPEND PROPERTY included "${header}")
            append_file("${header}")
        endif()
    endwhile()
    set_property(GLOBAL APPEND_STRING PROPERTY text "${rest}")
endfunction()

# append_core(FILE): as append_file. The file's own macros end with it, because the system's headers
# follow, which may use the same names.
function(append_core file)
    append_file("${file}")
    file(STRINGS "${ROOT}/${file}" lines REGEX "^#define ")
    set(undefined "")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^#define ([A-Za-z0-9_]+).*" "\\1" name "${line}")
        if(NOT name IN_LIST undefined)
            list(APPEND undefined "${name}")
            append_text("#undef ${name}")
        endif()
    endforeach()
endfunction()

function(append_text text)
    set_property(GLOBAL APPEND_STRING PROPERTY text "${text}\n")
endfunction()

# write_text(FILE): writes the property `text` to a file, without empty lines in a row, and clears
# it.
function(write_text file)
    get_property(text GLOBAL PROPERTY text)
    string(REGEX REPLACE "\n\n\n+" "\n\n" text "${text}")
    file(WRITE "${file}" "${text}")
    set_property(GLOBAL PROPERTY text "")
endfunction()

file(STRINGS "${ROOT}/include/ferrule/version.h" version REGEX "^#define FER_VERSION_TEXT ")
string(REGEX REPLACE ".*\"(.*)\".*" "\\1" version "${version}")
set(made "ferrule ${version}, in one file. Made of the project's sources by cmake/amalgamate.cmake.\n")
string(APPEND made " * Change those, not this file. Licensed under MIT or Apache-2.0, at your option.\n *\n")
file(READ "${ROOT}/LICENSE-MIT" licence)
string(REGEX REPLACE "\n+$" "" licence "${licence}")
string(REPLACE "\n" "\n * " licence "${licence}")
string(REPLACE " * \n" " *\n" licence "${licence}")
string(APPEND made " * ${licence} */\n")

# ---- ferrule.h

file(READ "${ROOT}/include/ferrule.h" umbrella)
string(REGEX MATCHALL "ferrule/[a-z_]+\\.h" headers "${umbrella}")
append_text("/* ferrule.h: the public functions and types of ${made}#ifndef FERRULE_H\n#define FERRULE_H")
set(done "")
# Each header after those that it includes.
function(append_public header)
    if(header IN_LIST done)
        return()
    endif()
    list(APPEND done "${header}")
    set(done "${done}" PARENT_SCOPE)
    file(READ "${ROOT}/include/${header}" text)
    string(REGEX MATCHALL "#include \"ferrule/[a-z_]+\\.h\"" needed "${text}")
    foreach(line IN LISTS needed)
        string(REGEX REPLACE ".*\"(.*)\"" "\\1" line "${line}")
        append_public("${line}")
    endforeach()
    set(done "${done}" PARENT_SCOPE)
    string(REGEX REPLACE "#include \"ferrule/[a-z_]+\\.h\"\n" "" text "${text}")
    append_text("\n${text}")
endfunction()
foreach(header IN LISTS headers)
    append_public("${header}")
endforeach()
append_text("#endif")
write_text("${OUT}/ferrule.h")

# ---- ferrule.c

append_text("/* ferrule.c: the functions of ${made}")
append_text("#ifdef __cplusplus\n#error ferrule.c is C: compile it by a C compiler, as in cc -c ferrule.c\n#else")
append_file(platform/posix/features.h)
append_text([[

#define FER_NO_POINTER_ATTRIBUTES 1
#include "ferrule.h"

/* Each system leaves some functions unused, and names of one file may be parameters in another.
 * MSVC also warns about initializers of aggregates and about conditions that are constant. */
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wshadow"
#elif defined(_MSC_VER)
#pragma warning(disable : 4127 4204 4221 4459 4505)
#endif]])
append_file(platform/platform.h)
append_text("\n/* Before <intrin.h>, which core includes: the order that Wine's <winnt.h> needs. */\n#ifdef _WIN32")
append_file(platform/winsock/winsock.h)
append_text("#endif")
foreach(source IN LISTS ferrule_core_sources)
    append_core("${source}")
endforeach()
foreach(file IN LISTS common_sources)
    append_file("${file}")
endforeach()
append_text("\n#ifndef _WIN32")
append_file(platform/posix/posix.h)
append_text("#endif")
append_file(platform/common/no_copying.c)
append_text("\n/* For the pollers that store a table of their sockets. */")
append_text("#if defined(_WIN32) || FERP_POSIX_POLLER == FERP_POSIX_POLLER_POLL")
append_file(platform/common/sources.c)
append_text("#endif\n\n#ifdef _WIN32")
foreach(source IN LISTS ferrule_winsock_sources)
    append_file("${source}")
endforeach()
append_text("#else")
foreach(source IN LISTS ferrule_posix_sources ferrule_list_sources)
    append_file("${source}")
endforeach()
append_text("#endif\n#endif")
write_text("${OUT}/ferrule.c")
