# CPack runs this script when the packages are made. CPack's Debian package of a shared library calls
# ldconfig in maintainer scripts; dpkg's trigger replaces these (Debian Policy, 8.1.1).
if(NOT CPACK_GENERATOR STREQUAL "DEB")
    return()
endif()

function(ferrule_run)
    execute_process(COMMAND ${ARGV} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(package IN LISTS CPACK_PACKAGE_FILES)
    get_filename_component(name "${package}" NAME)
    if(name MATCHES "^${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME}_")
        set(folder "${CPACK_TOPLEVEL_DIRECTORY}/triggers")
        file(REMOVE_RECURSE "${folder}")
        ferrule_run(dpkg-deb --raw-extract "${package}" "${folder}")
        file(REMOVE "${folder}/DEBIAN/postinst" "${folder}/DEBIAN/postrm")
        file(WRITE "${folder}/DEBIAN/triggers" "activate-noawait ldconfig\n")
        ferrule_run(chmod u=rw,go=r "${folder}/DEBIAN/triggers")
        ferrule_run(dpkg-deb -Zxz --root-owner-group --build "${folder}" "${package}")
    endif()
endforeach()
