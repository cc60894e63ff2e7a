# Runs packaging/vcpkg/ferrule/portfile.cmake without vcpkg, on Linux. The functions below do what
# vcpkg's functions of these names do there, as far as the port uses them. The last part checks what
# vcpkg's check after a build does.
# usage: cmake -D LINKAGE=static|dynamic -D OUT=DIRECTORY -P tests/api/vcpkg_port.cmake
# The packages are in OUT/packages.
cmake_minimum_required(VERSION 3.20)
set(PORT ferrule)
set(VCPKG_LIBRARY_LINKAGE "${LINKAGE}")
get_filename_component(OUT "${OUT}" ABSOLUTE)
set(CURRENT_PACKAGES_DIR "${OUT}/packages")
file(REMOVE_RECURSE "${OUT}")

function(run)
    execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
    set(shared OFF)
    if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
        set(shared ON)
    endif()
    foreach(kind IN ITEMS Debug Release)
        set(prefix "${CURRENT_PACKAGES_DIR}")
        if(kind STREQUAL "Debug")
            string(APPEND prefix "/debug")
        endif()
        execute_process(
            COMMAND "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${OUT}/${kind}" -G Ninja
                ${arg_OPTIONS} "-DBUILD_SHARED_LIBS=${shared}" "-DCMAKE_BUILD_TYPE=${kind}"
                "-DCMAKE_INSTALL_PREFIX=${prefix}" -DCMAKE_INSTALL_LIBDIR=lib
                -DCMAKE_INSTALL_BINDIR=bin
            ERROR_VARIABLE errors COMMAND_ERROR_IS_FATAL ANY)
        # vcpkg refuses options that the project does not know.
        if(errors MATCHES "Manually-specified variables were not used")
            message(FATAL_ERROR "${errors}")
        endif()
    endforeach()
endfunction()

function(vcpkg_cmake_install)
    foreach(kind IN ITEMS Debug Release)
        run("${CMAKE_COMMAND}" --build "${OUT}/${kind}" --target install)
    endforeach()
endfunction()

# The files of both builds become one package, two folders below the prefix instead of three.
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
    set(share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
    file(GLOB debug_files "${CURRENT_PACKAGES_DIR}/debug/${arg_CONFIG_PATH}/*-debug.cmake")
    file(GLOB files "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*")
    if(NOT files OR NOT debug_files)
        message(FATAL_ERROR "${arg_CONFIG_PATH} has no files of the package")
    endif()
    file(COPY ${files} DESTINATION "${share}")
    foreach(file IN LISTS debug_files)
        file(READ "${file}" text)
        string(REPLACE "\${_IMPORT_PREFIX}/lib" "\${_IMPORT_PREFIX}/debug/lib" text "${text}")
        get_filename_component(name "${file}" NAME)
        file(WRITE "${share}/${name}" "${text}")
    endforeach()
    get_filename_component(parent "${arg_CONFIG_PATH}" DIRECTORY)
    file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/${parent}" "${CURRENT_PACKAGES_DIR}/${parent}")
    file(GLOB files "${share}/*.cmake")
    set(step "get_filename_component\\(_IMPORT_PREFIX \"\\\${_IMPORT_PREFIX}\" PATH\\)\n")
    foreach(file IN LISTS files)
        file(READ "${file}" text)
        string(REGEX REPLACE "${step}${step}${step}" "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\nget_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n" text "${text}")
        file(WRITE "${file}" "${text}")
    endforeach()
endfunction()

# A relocatable .pc file needs no other correction on Linux.
function(vcpkg_fixup_pkgconfig)
    file(GLOB files "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/*.pc"
        "${CURRENT_PACKAGES_DIR}/debug/lib/pkgconfig/*.pc")
    foreach(file IN LISTS files)
        file(READ "${file}" text)
        string(FIND "${text}" "${CURRENT_PACKAGES_DIR}" at)
        if(NOT at EQUAL -1)
            message(FATAL_ERROR "${file} names the folder of the packages")
        endif()
    endforeach()
endfunction()

# Only Windows has such files.
function(vcpkg_copy_pdbs)
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
    set(all "")
    foreach(file IN LISTS arg_FILE_LIST)
        file(READ "${file}" text)
        string(APPEND all "${text}")
    endforeach()
    file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${all}")
endfunction()

include("${CMAKE_CURRENT_LIST_DIR}/../../packaging/vcpkg/${PORT}/portfile.cmake")

# ---- what vcpkg checks after a build

set(bad "")
foreach(file IN ITEMS include/ferrule.h share/${PORT}/copyright share/${PORT}/usage
        share/${PORT}/ferruleConfig.cmake)
    if(NOT EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
        list(APPEND bad "${file} is missing")
    endif()
endforeach()
foreach(folder IN ITEMS debug/include debug/share lib/cmake debug/lib/cmake)
    if(EXISTS "${CURRENT_PACKAGES_DIR}/${folder}")
        list(APPEND bad "${folder} is there")
    endif()
endforeach()
file(GLOB_RECURSE entries LIST_DIRECTORIES true "${CURRENT_PACKAGES_DIR}/*")
foreach(entry IN LISTS entries)
    if(IS_DIRECTORY "${entry}")
        file(GLOB inside "${entry}/*")
        if(NOT inside)
            list(APPEND bad "${entry} is empty")
        endif()
    elseif(LINKAGE STREQUAL "static" AND entry MATCHES "\\.so(\\.|$)")
        list(APPEND bad "${entry} is a shared library")
    elseif(LINKAGE STREQUAL "dynamic" AND entry MATCHES "/libferrule\\.a$")
        list(APPEND bad "${entry} is a static library")
    endif()
endforeach()
if(bad)
    list(JOIN bad "\n" bad)
    message(FATAL_ERROR "${bad}")
endif()
