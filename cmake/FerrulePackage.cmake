# `cpack -G TGZ` and `cpack -G ZIP`; ci/package.sh and ci/release.sh call them. packaging/debian makes
# the Debian packages. docs/PACKAGES.md describes the packages.
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

# One archive has all components.
set(CPACK_COMPONENTS_ALL runtime development doc licence)
if(FERRULE_BUILD_TESTS)
    list(APPEND CPACK_COMPONENTS_ALL selftest)
endif()
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)

include(CPack)
