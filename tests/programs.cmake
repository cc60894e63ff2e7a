# Functions that build tests and register them with ctest.

# The compile settings, private headers and libraries of a test.
function(ferrule_prepare_test_target target)
    ferrule_apply_settings(${target})
    # Functions that replace others, and those of cmocka, have parameters that they do not use.
    target_compile_options(${target} PRIVATE "$<IF:$<BOOL:${MSVC}>,/wd4100,-Wno-unused-parameter>")
    target_include_directories(${target} PRIVATE
        "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${target} PRIVATE ferrule_cmocka ${ferrule_system_libraries})
endfunction()

# ferrule_add_test(NAME LABELS [PROGRAM ARGUMENT...]): without PROGRAM the program has the name of
# the test. The quick check (ci/test.sh) leaves out tests with the label thorough.
function(ferrule_add_test name label)
    set(command ${ARGN})
    if(NOT command)
        set(command ${name})
    endif()
    add_test(NAME ${name} COMMAND ${command})
    set_tests_properties(${name} PROPERTIES
        LABELS "${label}"
        TIMEOUT ${FERRULE_TEST_TIMEOUT}
        SKIP_RETURN_CODE 77
        ENVIRONMENT "${ferrule_test_environment}"
        FIXTURES_REQUIRED "${ferrule_test_fixtures}")
    # ctest starts tests that take a long time first.
    if(name MATCHES "(^|_)(sweep|stress_limits|bidirectional|copying|lengths|readiness|ended_waits|poller_ended_waits|poller_events|interruption|timeouts|socket_connecting|shutdown|ip_parse)(_|$)")
        set_tests_properties(${name} PROPERTIES COST 10)
    endif()
endfunction()

# Most tests share programs, because a link takes longer than the compilation of a test. The main
# function of each source NAME.c is renamed to NAME_main, and support/program.c runs the one that
# the first argument names. Each test still runs in its own process.
function(ferrule_rename_mains)
    foreach(source IN LISTS ARGN)
        get_filename_component(name "${source}" NAME_WE)
        set_source_files_properties("${source}" PROPERTIES COMPILE_DEFINITIONS main=${name}_main)
    endforeach()
endfunction()

set(ferrule_program_sources
    support/program.c)
list(TRANSFORM ferrule_program_sources PREPEND "${CMAKE_CURRENT_LIST_DIR}/")

# ferrule_add_program(PROGRAM NAME...): a program with these tests. The caller adds their sources or
# objects, and the libraries.
function(ferrule_add_program program)
    list(TRANSFORM ARGN REPLACE "(.+)" "X(\\1)\n" OUTPUT_VARIABLE rows)
    string(CONCAT rows ${rows})
    file(CONFIGURE OUTPUT "${program}_tests.h" CONTENT "${rows}")
    add_executable(${program} ${ferrule_program_sources})
    ferrule_prepare_test_target(${program})
    target_compile_definitions(${program} PRIVATE
        "PROGRAM_TESTS=\"${CMAKE_CURRENT_BINARY_DIR}/${program}_tests.h\"")
endfunction()
