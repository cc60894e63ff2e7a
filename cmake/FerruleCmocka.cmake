# Target ferrule_cmocka: cmocka built from FERRULE_CMOCKA_SOURCE if that is set (a cross-build has
# no package), otherwise the system's cmocka.
set(FERRULE_CMOCKA_SOURCE "" CACHE PATH "A directory with cmocka's source; empty: the system's cmocka")

add_library(ferrule_cmocka INTERFACE)
if(FERRULE_CMOCKA_SOURCE)
    if(NOT EXISTS "${FERRULE_CMOCKA_SOURCE}/src/cmocka.c")
        message(FATAL_ERROR "FERRULE_CMOCKA_SOURCE (${FERRULE_CMOCKA_SOURCE}) has no src/cmocka.c; "
            "ci/setup.sh fetches it")
    endif()
    add_library(ferrule_cmocka_from_source STATIC "${FERRULE_CMOCKA_SOURCE}/src/cmocka.c")
    target_compile_options(ferrule_cmocka_from_source PRIVATE -w)
    if(NOT WIN32)
        # Replaces cmocka's configure step. musl's <stdint.h> defines uintptr_t, but not the macro
        # that cmocka checks.
        target_compile_definitions(ferrule_cmocka_from_source PRIVATE HAVE_SIGNAL_H PUBLIC _UINTPTR_T_DEFINED)
        target_compile_options(ferrule_cmocka_from_source PRIVATE -include stdint.h)
    endif()
    if(MSVC)
        target_compile_definitions(ferrule_cmocka_from_source PRIVATE HAVE_SNPRINTF HAVE_VSNPRINTF)
    endif()
    target_include_directories(ferrule_cmocka_from_source SYSTEM PUBLIC "${FERRULE_CMOCKA_SOURCE}/include")
    target_link_libraries(ferrule_cmocka INTERFACE ferrule_cmocka_from_source)
else()
    find_package(cmocka QUIET CONFIG)
    if(TARGET cmocka::cmocka)
        target_link_libraries(ferrule_cmocka INTERFACE cmocka::cmocka)
    else()
        find_path(FERRULE_CMOCKA_INCLUDE_DIR cmocka.h)
        find_library(FERRULE_CMOCKA_LIBRARY cmocka)
        if(NOT FERRULE_CMOCKA_INCLUDE_DIR OR NOT FERRULE_CMOCKA_LIBRARY)
            message(FATAL_ERROR
                "The tests need cmocka: ci/setup.sh installs it, or set FERRULE_CMOCKA_SOURCE")
        endif()
        target_include_directories(ferrule_cmocka SYSTEM INTERFACE "${FERRULE_CMOCKA_INCLUDE_DIR}")
        target_link_libraries(ferrule_cmocka INTERFACE "${FERRULE_CMOCKA_LIBRARY}")
    endif()
endif()
