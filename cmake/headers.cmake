# Compiles for a system of which only the headers are here. Set FERRULE_HEADERS_TARGET to a target of
# clang, for example x86_64-unknown-openbsd7.8, FERRULE_HEADERS to the folders of its headers, in the
# order in which they are searched, and FERRULE_HEADERS_OPTIONS to what else the compiler needs.
# Nothing is linked: each program is an empty file.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FERRULE_HEADERS_TARGET FERRULE_HEADERS FERRULE_HEADERS_OPTIONS)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
if(NOT FERRULE_HEADERS OR NOT FERRULE_HEADERS_TARGET MATCHES "^([a-z0-9_]+)-(.*)")
    message(FATAL_ERROR "Set FERRULE_HEADERS and FERRULE_HEADERS_TARGET")
endif()
set(CMAKE_SYSTEM_PROCESSOR "${CMAKE_MATCH_1}")
# CMake's names; a system that it does not know is any Unix.
set(ferrule_system "${CMAKE_MATCH_2}")
set(CMAKE_SYSTEM_NAME GNU)
foreach(pair IN ITEMS linux=Linux freebsd=FreeBSD netbsd=NetBSD openbsd=OpenBSD haiku=Haiku solaris=SunOS)
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 part)
    if(ferrule_system MATCHES "${part}")
        list(GET pair 1 CMAKE_SYSTEM_NAME)
    endif()
endforeach()

find_program(ferrule_clang NAMES clang-19 clang REQUIRED)
execute_process(COMMAND "${ferrule_clang}" -print-resource-dir
    OUTPUT_VARIABLE ferrule_resources OUTPUT_STRIP_TRAILING_WHITESPACE)
set(CMAKE_C_COMPILER "${ferrule_clang}")
set(CMAKE_C_COMPILER_TARGET "${FERRULE_HEADERS_TARGET}")
set(CMAKE_C_FLAGS_INIT -nostdinc)
foreach(folder IN ITEMS "${ferrule_resources}/include" ${FERRULE_HEADERS})
    string(APPEND CMAKE_C_FLAGS_INIT " -isystem ${folder}")
endforeach()
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
foreach(rule IN ITEMS LINK_EXECUTABLE CREATE_SHARED_LIBRARY)
    set(CMAKE_C_${rule} "<CMAKE_COMMAND> -E touch <TARGET>")
endforeach()
# The options come last, so that they can disable a warning about the headers' own macros.
set(CMAKE_C_COMPILE_OBJECT
    "<CMAKE_C_COMPILER> <DEFINES> <INCLUDES> <FLAGS> ${FERRULE_HEADERS_OPTIONS} -o <OBJECT> -c <SOURCE>")
