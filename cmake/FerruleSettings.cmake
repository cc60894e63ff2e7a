# The compile settings of every target of this project: language, warnings, sanitizers, assertions.
# They do not apply to consumers.

if(FERRULE_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT ferrule_has_ipo OUTPUT ferrule_ipo_reason LANGUAGES C)
    if(NOT ferrule_has_ipo)
        message(FATAL_ERROR "FERRULE_LTO is on, but: ${ferrule_ipo_reason}")
    endif()
endif()

if(MSVC)
    # Not errors of this code: C99's initializers of aggregates (4204, 4221), and conditions that are
    # constant in one build (4127). "Compiler warnings by compiler version", MSDN.
    set(ferrule_warnings /W4 /utf-8 /wd4127 /wd4204 /wd4221)
    set(ferrule_werror /WX)
    set(ferrule_definitions _CRT_SECURE_NO_WARNINGS)
else()
    set(ferrule_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow
        "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>")
    set(ferrule_werror -Werror)
    set(ferrule_definitions "")
endif()
# The library tests the pointers that its headers exclude, and the tests pass them. Examples and
# benchmarks are compiled as a user's program is.
list(APPEND ferrule_definitions FER_NO_POINTER_ATTRIBUTES "$<$<BOOL:${FERRULE_PLAIN_POSIX}>:FERRULE_PLAIN_POSIX>")

set(ferrule_sanitizers "")
set(ferrule_assertions ${FERRULE_ASSERTIONS})
if(FERRULE_SANITIZE)
    set(ferrule_assertions ON)
    set(ferrule_sanitizers -fsanitize=${FERRULE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(FERRULE_SANITIZE STREQUAL "memory")
        list(APPEND ferrule_sanitizers -fsanitize-memory-track-origins)
    endif()
endif()

# A fuzzer needs instrumented code. afl-clang-fast instruments by default, an external engine
# through CFLAGS.
if(FERRULE_FUZZ_ENGINE STREQUAL "libfuzzer")
    list(APPEND ferrule_sanitizers -fsanitize=fuzzer-no-link)
elseif(FERRULE_FUZZ_ENGINE AND NOT FERRULE_FUZZ_ENGINE MATCHES "^(afl|external)$")
    message(FATAL_ERROR "FERRULE_FUZZ_ENGINE is libfuzzer, afl or external, not ${FERRULE_FUZZ_ENGINE}")
endif()

function(ferrule_apply_settings target)
    target_compile_options(${target} PRIVATE
        ${ferrule_warnings}
        "$<$<BOOL:${FERRULE_WERROR}>:${ferrule_werror}>"
        ${ferrule_sanitizers})
    target_link_options(${target} PRIVATE ${ferrule_sanitizers})
    target_compile_definitions(${target} PRIVATE
        ${ferrule_definitions}
        "$<$<OR:$<CONFIG:Debug>,$<BOOL:${ferrule_assertions}>>:FERI_ASSERTIONS>")
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11
        C_STANDARD_REQUIRED ON
        C_EXTENSIONS OFF
        CXX_STANDARD 17
        CXX_STANDARD_REQUIRED ON
        CXX_EXTENSIONS OFF
        INTERPROCEDURAL_OPTIMIZATION ${FERRULE_LTO})
endfunction()
