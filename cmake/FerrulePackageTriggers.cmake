# CPack runs this script when the packages are made, and adds to Debian packages what it cannot:
# - Multi-Arch: packages of two architectures can be installed together;
# - the shared library's symbols. CPack's maintainer scripts call ldconfig; dpkg's trigger replaces
#   them (Debian Policy, 8.1.1 and 8.6.2).
if(NOT CPACK_GENERATOR STREQUAL "DEB")
    return()
endif()

function(ferrule_run)
    execute_process(COMMAND ${ARGV} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(package IN LISTS CPACK_PACKAGE_FILES)
    set(folder "${CPACK_TOPLEVEL_DIRECTORY}/unpacked")
    file(REMOVE_RECURSE "${folder}")
    ferrule_run(dpkg-deb --raw-extract "${package}" "${folder}")
    file(READ "${folder}/DEBIAN/control" control)
    string(REGEX MATCH "Package: ([^\n]+)" name "${control}")
    set(name "${CMAKE_MATCH_1}")
    set(multi_arch same)
    if(control MATCHES "Architecture: all\n")
        set(multi_arch foreign)
    endif()
    string(REPLACE "Package: ${name}\n" "Package: ${name}\nMulti-Arch: ${multi_arch}\n" control "${control}")
    file(WRITE "${folder}/DEBIAN/control" "${control}")
    if(name STREQUAL CPACK_DEBIAN_RUNTIME_PACKAGE_NAME)
        file(REMOVE "${folder}/DEBIAN/postinst" "${folder}/DEBIAN/postrm")
        file(WRITE "${folder}/DEBIAN/triggers" "activate-noawait ldconfig\n")
        ferrule_run(dpkg-gensymbols -q "-p${name}" "-v${CPACK_PACKAGE_VERSION}" "-P${folder}" "-O${folder}/DEBIAN/symbols")
        file(READ "${folder}/DEBIAN/symbols" symbols)
        string(REPLACE "#MINVER#\n" "#MINVER#\n* Build-Depends-Package: ${CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME}\n"
            symbols "${symbols}")
        file(WRITE "${folder}/DEBIAN/symbols" "${symbols}")
        ferrule_run(chmod u=rw,go=r "${folder}/DEBIAN/triggers" "${folder}/DEBIAN/symbols")
    endif()
    ferrule_run(dpkg-deb -Zxz --root-owner-group --build "${folder}" "${package}")
endforeach()
