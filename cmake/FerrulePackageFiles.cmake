# CPack runs this script when all files are in CPACK_TEMPORARY_INSTALL_DIRECTORY, before it makes the
# package. A Debian package also gets what Debian's policy requires. Every file gets the time
# SOURCE_DATE_EPOCH, so that the same source gives the same package.
set(packaging "${CMAKE_CURRENT_LIST_DIR}/../packaging/debian")
set(changes "${CMAKE_CURRENT_LIST_DIR}/../CHANGELOG.md")

function(ferrule_run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# ferrule_compress(FROM TO): without a name or a time in the file.
function(ferrule_compress from to)
    execute_process(COMMAND gzip -9nc "${from}" OUTPUT_FILE "${to}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# ferrule_add_debian_files(PACKAGE FOLDER): the files that each package has.
function(ferrule_add_debian_files package folder)
    set(doc "${folder}/usr/share/doc/${package}")
    set(overrides "${folder}/usr/share/lintian/overrides")
    file(MAKE_DIRECTORY "${doc}" "${overrides}")
    configure_file("${packaging}/copyright" "${doc}/copyright" COPYONLY)
    configure_file("${packaging}/lintian-overrides" "${overrides}/${package}" COPYONLY)
    string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
    set(version "${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
    file(WRITE "${CPACK_TOPLEVEL_DIRECTORY}/changelog"
        "${CPACK_DEBIAN_PACKAGE_SOURCE} (${version}) unstable; urgency=medium\n\n"
        "  * The changes of ferrule are in changelog.gz.\n\n"
        " -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${date}\n")
    ferrule_compress("${CPACK_TOPLEVEL_DIRECTORY}/changelog" "${doc}/changelog.Debian.gz")
    ferrule_compress("${changes}" "${doc}/changelog.gz")
    ferrule_run(chmod -R u=rwX,go=rX "${doc}" "${overrides}")
endfunction()

if(CPACK_GENERATOR STREQUAL "DEB")
    foreach(component IN LISTS CPACK_COMPONENTS_ALL)
        string(TOUPPER "${component}" upper)
        ferrule_add_debian_files("${CPACK_DEBIAN_${upper}_PACKAGE_NAME}"
            "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}")
    endforeach()
    # Debian Policy, 12.1: manual pages are compressed.
    file(GLOB_RECURSE pages "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/*.[137]")
    foreach(page IN LISTS pages)
        ferrule_run(gzip -9n "${page}")
    endforeach()
endif()

if(CPACK_FERRULE_STRIP)
    # As dh_strip does.
    file(GLOB_RECURSE archives "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*.a")
    foreach(archive IN LISTS archives)
        ferrule_run("${CPACK_FERRULE_STRIP}" --strip-debug --remove-section=.comment
            --enable-deterministic-archives "${archive}")
    endforeach()
    file(GLOB_RECURSE libraries "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*.so.${CPACK_PACKAGE_VERSION}")
    foreach(library IN LISTS libraries)
        ferrule_run("${CPACK_FERRULE_STRIP}" --strip-unneeded --remove-section=.comment
            --remove-section=.note "${library}")
    endforeach()
endif()

if(DEFINED ENV{SOURCE_DATE_EPOCH})
    ferrule_run(find "${CPACK_TEMPORARY_INSTALL_DIRECTORY}" -exec
        touch -h -d "@$ENV{SOURCE_DATE_EPOCH}" "{}" +)
endif()
