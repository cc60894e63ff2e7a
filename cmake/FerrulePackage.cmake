# `cpack -G DEB`, `cpack -G TGZ` and `cpack -G ZIP`; ci/package.sh and ci/release.sh call them.
# docs/PACKAGES.md describes the packages.
set(ferrule_soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")

set(CPACK_PACKAGE_NAME ferrule)
set(CPACK_PACKAGE_VENDOR "the ferrule authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_VERBATIM_VARIABLES ON)
# Cross-builds have no debug information to remove.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT CMAKE_CROSSCOMPILING)
    set(CPACK_FERRULE_STRIP "${CMAKE_STRIP}")
endif()
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/FerrulePackageFiles.cmake")
set(CPACK_POST_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/FerrulePackageTriggers.cmake")
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_SOURCE_DIR}/cmake/FerrulePackageOptions.cmake")

# One archive has all components; a Debian package has one.
set(CPACK_COMPONENTS_ALL runtime development doc licence)
if(FERRULE_BUILD_TESTS)
    list(APPEND CPACK_COMPONENTS_ALL selftest)
endif()
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)

# ---- Debian packages

# The package has the name of the soname (Debian Policy, 8.1).
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME "libferrule${ferrule_soversion}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libferrule-dev)
set(CPACK_DEBIAN_DOC_PACKAGE_NAME libferrule-doc)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SOURCE ferrule)
# Less than the 1 of a package in Debian's own archive.
set(CPACK_DEBIAN_PACKAGE_RELEASE 0ferrule1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
if(NOT DEFINED ENV{DEBFULLNAME} OR NOT DEFINED ENV{DEBEMAIL})
    set(CPACK_DEBIAN_PACKAGE_MAINTAINER "the ferrule authors <ferrule@localhost>")
endif()

set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libferrule${ferrule_soversion} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libc6-dev | libc-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS libferrule-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)

set(ferrule_about "ferrule gives POSIX and Winsock sockets one set of types, one behaviour and
one error enum: TCP, UDP and Unix sockets, addresses, name lookup, a poller,
deadlines and cancellation.
.")
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "Rust's std::net for C: shared library
${ferrule_about}
This package has the shared library.")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Rust's std::net for C: headers and static libraries
${ferrule_about}
This package has the headers, the static library, the simulated network for
tests, and the files for pkg-config and CMake.")
set(CPACK_DEBIAN_DOC_DESCRIPTION "Rust's std::net for C: documentation and examples
${ferrule_about}
This package has the documentation and the examples.")

include(CPack)
