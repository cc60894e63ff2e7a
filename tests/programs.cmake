# How tests are built and named to ctest.

# What a test needs besides its own file: how it is compiled, where it finds private headers, and its time limit.
function(ferrule_prepare_test_target target)
    ferrule_apply_settings(${target})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${target} PRIVATE ferrule_cmocka ${ferrule_system_libraries})
endfunction()

# ferrule_add_test(NAME LABELS [PROGRAM ARGUMENT...]): the program is called as the test where none is named. The label thorough is for what the
# quick check leaves out (ci/test.sh).
function(ferrule_add_test name label)
    set(command ${ARGN})
    if(NOT command)
        set(command ${name})
    endif()
    add_test(NAME ${name} COMMAND ${command})
    set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${FERRULE_TEST_TIMEOUT} SKIP_RETURN_CODE 77
        ENVIRONMENT "${ferrule_test_environment}" FIXTURES_REQUIRED "${ferrule_test_fixtures}")
    # What waits for long begins first.
    if(name MATCHES "_(readiness|poller_events|interruption|inheritance|timeouts|socket_pending|wakeup|ip_parse)(_|$)")
        set_tests_properties(${name} PROPERTIES COST 10)
    endif()
endfunction()

# Most tests share programs, for a link costs more than to compile a test: the main of each source NAME.c is NAME_main there, and
# support/program.c runs the one that the first argument names. Each is a process of its own as ever.
function(ferrule_rename_mains)
    foreach(source IN LISTS ARGN)
        get_filename_component(name "${source}" NAME_WE)
        set_source_files_properties("${source}" PROPERTIES COMPILE_DEFINITIONS main=${name}_main)
    endforeach()
endfunction()

set(ferrule_program_sources
    support/program.c)
list(TRANSFORM ferrule_program_sources PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")

# ferrule_add_program(PROGRAM NAME...): their sources, or objects, and libraries are added by the caller.
function(ferrule_add_program program)
    list(TRANSFORM ARGN REPLACE "(.+)" "X(\\1)\n" OUTPUT_VARIABLE rows)
    string(CONCAT rows ${rows})
    file(CONFIGURE OUTPUT "${program}_tests.h" CONTENT "${rows}")
    add_executable(${program} ${ferrule_program_sources})
    ferrule_prepare_test_target(${program})
    target_compile_definitions(${program} PRIVATE "PROGRAM_TESTS=\"${CMAKE_CURRENT_BINARY_DIR}/${program}_tests.h\"")
endfunction()
