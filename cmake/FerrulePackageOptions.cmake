# CPack reads this file once for each generator: what differs between Debian packages and archives.
if(CPACK_GENERATOR STREQUAL "DEB")
    # debian/copyright replaces the licences.
    list(REMOVE_ITEM CPACK_COMPONENTS_ALL licence selftest)
    set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
    set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY OFF)
    # Each package has its own summary, the first line of its description.
    set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
endif()
