# CPack runs this script when all files are in CPACK_TEMPORARY_INSTALL_DIRECTORY, before it makes the
# archive. Every file gets the time SOURCE_DATE_EPOCH, so that the same source gives the same archive.
function(ferrule_run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

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
