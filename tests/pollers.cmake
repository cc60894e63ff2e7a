# The poller's tests over pollers other than the default poller of this system.

# The objects of core are those of the library, if the generator's paths identify them. Otherwise
# core is compiled again.
set(ferrule_poller_core "$<FILTER:$<TARGET_OBJECTS:${ferrule_parts}>,INCLUDE,[.]dir/([.]/)?core/>")
if(NOT CMAKE_GENERATOR MATCHES "Ninja|Makefiles")
    set(ferrule_poller_core ${ferrule_core_sources})
    list(TRANSFORM ferrule_poller_core PREPEND "${PROJECT_SOURCE_DIR}/")
endif()

# ferrule_add_other_poller(NAME DEFINITIONS [FIRST HEADER] SOURCE...): the library ferrule_NAME with
# another poller. DEFINITIONS select the poller; SOURCE... are its additional sources. Each source of
# the platform includes HEADER first.
function(ferrule_add_other_poller name definitions)
    cmake_parse_arguments(PARSE_ARGV 2 other "" FIRST "")
    set(sources ${ferrule_platform_sources} ${other_UNPARSED_ARGUMENTS})
    list(REMOVE_DUPLICATES sources)
    list(TRANSFORM sources PREPEND "${PROJECT_SOURCE_DIR}/")
    add_library(ferrule_${name} STATIC EXCLUDE_FROM_ALL ${sources} ${ferrule_poller_core})
    ferrule_apply_settings(ferrule_${name})
    target_include_directories(ferrule_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include"
        PRIVATE "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(ferrule_${name} PRIVATE ${definitions})
    target_link_libraries(ferrule_${name} PRIVATE ${ferrule_system_libraries})
    if(other_FIRST)
        set(first "${CMAKE_CURRENT_SOURCE_DIR}/${other_FIRST}")
        if(MSVC)
            target_compile_options(ferrule_${name} PRIVATE "/FI${first}")
        else()
            target_compile_options(ferrule_${name} PRIVATE -include "${first}")
        endif()
        target_include_directories(ferrule_${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
endfunction()

# ferrule_add_other_program(PROGRAM NAME SOURCE): a unit test that is linked to ferrule_NAME.
function(ferrule_add_other_program program name source)
    add_executable(${program} "${source}" ${ARGN})
    ferrule_prepare_test_target(${program})
    target_link_libraries(${program} PRIVATE ferrule_test_support ferrule_${name})
    ferrule_add_test(${program} unit)
endfunction()

# ferrule_test_other_poller(NAME): the poller's tests again, over ferrule_NAME, as NAME_poller_...
set(ferrule_poller_names ${ferrule_conformance_names})
list(FILTER ferrule_poller_names INCLUDE REGEX "^poller")
function(ferrule_test_other_poller name)
    target_link_libraries(conformance_tests_${name} PRIVATE ferrule_test_support ferrule_${name})
    foreach(test IN LISTS ferrule_poller_names)
        ferrule_add_test(${name}_${test} conformance conformance_tests_${name} ${test})
    endforeach()
endfunction()

# poll(2), which every POSIX system has. TEST_POLLER_BY_LIST selects the expectations of the tests.
if(NOT WIN32)
    ferrule_add_other_poller(poll FERP_POSIX_POLLER=0 ${ferrule_list_sources})
    ferrule_add_other_program(unit_test_poller_list poll
        unit/test_poller_list.c)
    ferrule_add_program(conformance_tests_poll ${ferrule_poller_names})
    list(TRANSFORM ferrule_poller_names REPLACE "(.+)" "conformance/\\1.c"
        OUTPUT_VARIABLE ferrule_poller_sources)
    target_sources(conformance_tests_poll PRIVATE ${ferrule_poller_sources})
    target_compile_definitions(conformance_tests_poll PRIVATE TEST_POLLER_BY_LIST)
    set(ferrule_environment_before "${ferrule_test_environment}")
    string(REPLACE "TSAN_OPTIONS="
        "TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/support/poll.tsan:"
        ferrule_test_environment "${ferrule_test_environment}")
    ferrule_test_other_poller(poll)
    set(ferrule_test_environment "${ferrule_environment_before}")
endif()

# kqueue, over a model of it on Linux. kevent's udata is a pointer and stores the poller's key of 64
# bits, so pointers must have 64 bits.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(ferrule_kqueue_model
        kqueue/knotes.c
        kqueue/kqueue.c
        kqueue/socket_filters.c)
    list(TRANSFORM ferrule_kqueue_model PREPEND tests/)
    ferrule_add_other_poller(kqueue FERP_POSIX_POLLER=2 ${ferrule_kqueue_model})
    target_include_directories(ferrule_kqueue BEFORE PRIVATE kqueue "${CMAKE_CURRENT_SOURCE_DIR}")
    ferrule_add_program(conformance_tests_kqueue ${ferrule_poller_names})
    target_sources(conformance_tests_kqueue PRIVATE
        "$<FILTER:$<TARGET_OBJECTS:ferrule_conformance_tests>,INCLUDE,/poller_[a-z_]*\\.c>")
    ferrule_test_other_poller(kqueue)
    ferrule_add_other_program(unit_test_poller_kqueue kqueue
        unit/test_poller_kqueue.c)
    ferrule_add_other_program(unit_test_kqueue kqueue
        unit/test_kqueue.c)
    target_include_directories(unit_test_kqueue BEFORE PRIVATE kqueue)
    target_include_directories(unit_test_poller_kqueue BEFORE PRIVATE kqueue)
    # The same tests with the model in FreeBSD's variant, which differs from macOS.
    list(TRANSFORM ferrule_poller_names REPLACE "(.+)" "kqueue_\\1_as_freebsd"
        OUTPUT_VARIABLE as_freebsd)
    foreach(name IN LISTS ferrule_poller_names)
        ferrule_add_test(kqueue_${name}_as_freebsd conformance conformance_tests_kqueue ${name})
    endforeach()
    foreach(program IN ITEMS unit_test_kqueue unit_test_poller_kqueue)
        ferrule_add_test(${program}_as_freebsd conformance ${program})
        list(APPEND as_freebsd ${program}_as_freebsd)
    endforeach()
    set_property(TEST ${as_freebsd} APPEND PROPERTY ENVIRONMENT KQUEUE_MODEL=freebsd)
elseif(CMAKE_SYSTEM_NAME MATCHES "^(Darwin|FreeBSD)$")
    add_executable(unit_test_kqueue unit/test_kqueue.c)
    ferrule_prepare_test_target(unit_test_kqueue)
    ferrule_add_test(unit_test_kqueue unit)
endif()

# The library with the functions of the system replaced by those of a script.
if(WIN32)
    ferrule_add_other_poller(scripted "" FIRST unit/scripted_winsock.h)
    foreach(source IN ITEMS
        unit/test_scripted_calls.c
        unit/test_scripted_messages.c
        unit/test_scripted_poller.c
        unit/test_scripted_record.c
        unit/test_scripted_waits.c)
        get_filename_component(name "${source}" NAME_WE)
        ferrule_add_other_program(unit_${name} scripted
            "${source}"
            unit/winsock_calls.c
            unit/winsock_kernel.c
            unit/winsock_library.c
            unit/winsock_modules.c
            unit/winsock_script.c
            unit/winsock_sockets.c
            unit/winsock_waits.c)
    endforeach()
endif()
