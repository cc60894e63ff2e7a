# `cmake --install`: headers, libraries, find_package(ferrule) and pkg-config files, documentation
# and examples. The installed tree is relocatable. The components are runtime, development and doc;
# selftest is installed only by its name.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

if(NOT FERRULE_BUILD_TESTS)
    install(CODE "message(FATAL_ERROR \"cmake -P cmake/selftest.cmake builds the self-test and runs it\")"
        COMPONENT selftest EXCLUDE_FROM_ALL)
endif()

set(ferrule_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/ferrule")

foreach(kind IN LISTS FERRULE_INSTALL_KINDS)
    install(TARGETS ferrule_${kind} EXPORT ferrule_${kind}_targets
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
    install(EXPORT ferrule_${kind}_targets NAMESPACE ferrule:: FILE ferrule-${kind}.cmake
        DESTINATION "${ferrule_config_dir}" COMPONENT development)
endforeach()
install(TARGETS ferrule_headers EXPORT ferrule_headers_targets)
install(EXPORT ferrule_headers_targets NAMESPACE ferrule:: FILE ferrule-headers.cmake
    DESTINATION "${ferrule_config_dir}" COMPONENT development)
install(FILES "${PROJECT_SOURCE_DIR}/include/ferrule.h" "${PROJECT_SOURCE_DIR}/include/ferrule.hpp"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/ferrule" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

install(FILES "${PROJECT_SOURCE_DIR}/cmake/ferruleConfig.cmake" DESTINATION "${ferrule_config_dir}"
    COMPONENT development)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ferruleConfigVersion.cmake"
    VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ferruleConfigVersion.cmake" DESTINATION "${ferrule_config_dir}"
    COMPONENT development)

# The same folders as in the source, so that the links between the pages work.
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE-MIT" "${PROJECT_SOURCE_DIR}/LICENSE-APACHE"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT licence)
install(FILES
    "${PROJECT_SOURCE_DIR}/README.md"
    "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
    "${PROJECT_SOURCE_DIR}/CONTRIBUTING.md"
    "${PROJECT_SOURCE_DIR}/SECURITY.md"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc
    FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "generate" EXCLUDE)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc)
# Links to headers lead to the installed ones. Of other links to files that are not installed only
# the text remains.
install(CODE "
    get_filename_component(docs \"${CMAKE_INSTALL_DOCDIR}\" ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
    get_filename_component(headers \"${CMAKE_INSTALL_INCLUDEDIR}\" ABSOLUTE BASE_DIR \"\${CMAKE_INSTALL_PREFIX}\")
    string(PREPEND docs \"\$ENV{DESTDIR}\")
    string(PREPEND headers \"\$ENV{DESTDIR}\")
    include(\"${PROJECT_SOURCE_DIR}/cmake/FerruleInstalledLinks.cmake\")" COMPONENT doc)

# ferrule.pc and ferrule-sim.pc compute their prefix from their own directory, so the installed tree
# is relocatable.
set(ferrule_pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(ferrule_pc_prefix "${CMAKE_INSTALL_PREFIX}")
    set(ferrule_pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(ferrule_pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH ferrule_pc_up "/prefix/${ferrule_pc_dir}" "/prefix")
    string(REGEX REPLACE "/$" "" ferrule_pc_up "${ferrule_pc_up}")
    set(ferrule_pc_prefix "\${pcfiledir}/${ferrule_pc_up}")
    set(ferrule_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(ferrule_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
set(ferrule_pc_url "")
if(PROJECT_HOMEPAGE_URL)
    set(ferrule_pc_url "URL: ${PROJECT_HOMEPAGE_URL}\n")
endif()
function(ferrule_install_pc ferrule_pc_name ferrule_pc_library ferrule_pc_libs_private ferrule_pc_description)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/ferrule.pc.in" "${PROJECT_BINARY_DIR}/${ferrule_pc_name}.pc" @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/${ferrule_pc_name}.pc" DESTINATION "${ferrule_pc_dir}"
        COMPONENT development)
endfunction()

list(JOIN ferrule_system_pc_libs " " ferrule_system_pc_libs)
if("static" IN_LIST FERRULE_INSTALL_KINDS OR "shared" IN_LIST FERRULE_INSTALL_KINDS)
    ferrule_install_pc(ferrule ferrule "${ferrule_system_pc_libs}" "${PROJECT_DESCRIPTION}")
endif()
if("sim" IN_LIST FERRULE_INSTALL_KINDS)
    ferrule_install_pc(ferrule-sim ferrule_sim ""
        "ferrule over a simulated network, for tests; replaces ferrule and cannot be combined with it")
endif()

install(FILES "${PROJECT_SOURCE_DIR}/packaging/debug/ferrule_debug.py"
    "${PROJECT_SOURCE_DIR}/packaging/debug/ferrule.natvis"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/ferrule" COMPONENT development)

find_package(Python3 COMPONENTS Interpreter QUIET)

# The declarations for Python's cffi.
if(Python3_Interpreter_FOUND)
    set(ferrule_cdef "${PROJECT_BINARY_DIR}/ferrule.cdef")
    file(GLOB ferrule_cdef_sources "${PROJECT_SOURCE_DIR}/include/ferrule/*.h")
    add_custom_command(OUTPUT "${ferrule_cdef}"
        COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/docs/generate/cdef.py" "${PROJECT_SOURCE_DIR}" "${ferrule_cdef}"
        DEPENDS ${ferrule_cdef_sources} "${PROJECT_SOURCE_DIR}/docs/generate/cdef.py"
            "${PROJECT_SOURCE_DIR}/docs/generate/headers.py"
        VERBATIM)
    add_custom_target(ferrule_cdef ALL DEPENDS "${ferrule_cdef}")
    install(FILES "${ferrule_cdef}" DESTINATION "${CMAKE_INSTALL_DATADIR}/ferrule"
        COMPONENT development OPTIONAL)
endif()

# Manual pages, from the comments of the headers and from docs/. They need Python, but no other
# program. fercat is installed with its page.
if(NOT WIN32)
    if(Python3_Interpreter_FOUND)
        set(ferrule_man_dir "${PROJECT_BINARY_DIR}/man")
        file(GLOB ferrule_man_sources "${PROJECT_SOURCE_DIR}/include/ferrule/*.h"
            "${PROJECT_SOURCE_DIR}/docs/generate/*.py" "${PROJECT_SOURCE_DIR}/docs/differences/*.md")
        add_custom_command(OUTPUT "${ferrule_man_dir}/man7/ferrule.7"
            COMMAND "${CMAKE_COMMAND}" -E rm -rf "${ferrule_man_dir}"
            COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/docs/generate/man.py" "${PROJECT_SOURCE_DIR}" "${ferrule_man_dir}"
            DEPENDS ${ferrule_man_sources} "${PROJECT_SOURCE_DIR}/README.md"
                "${PROJECT_SOURCE_DIR}/docs/GUIDE.md" "${PROJECT_SOURCE_DIR}/docs/RULES.md"
                "${PROJECT_SOURCE_DIR}/docs/DIFFERENCES.md"
                "${PROJECT_SOURCE_DIR}/examples/fercat.c"
            VERBATIM)
        add_custom_target(ferrule_man ALL DEPENDS "${ferrule_man_dir}/man7/ferrule.7")
        install(DIRECTORY "${ferrule_man_dir}/man3" "${ferrule_man_dir}/man7"
            DESTINATION "${CMAKE_INSTALL_MANDIR}" COMPONENT doc OPTIONAL)
        if(FERRULE_BUILD_EXAMPLES)
            install(DIRECTORY "${ferrule_man_dir}/man1" DESTINATION "${CMAKE_INSTALL_MANDIR}" COMPONENT doc OPTIONAL)
        endif()
    else()
        message(STATUS "Python 3 was not found: the manual pages and ferrule.cdef are left out")
    endif()
endif()
