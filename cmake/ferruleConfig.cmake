# find_package(ferrule [COMPONENTS static|shared|sim...]) defines ferrule::static, ferrule::shared and
# ferrule::sim, the simulated network for tests, as far as they are installed; ferrule::headers; and
# ferrule::ferrule, the library of the first component, or without a component the one that
# BUILD_SHARED_LIBS selects.
cmake_minimum_required(VERSION 3.20)

if(NOT WIN32)
    include(CMakeFindDependencyMacro)
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_dependency(Threads)
endif()

include("${CMAKE_CURRENT_LIST_DIR}/ferrule-headers.cmake")
set(ferrule_installed_kinds "")
foreach(ferrule_kind IN ITEMS static shared sim)
    include("${CMAKE_CURRENT_LIST_DIR}/ferrule-${ferrule_kind}.cmake" OPTIONAL
        RESULT_VARIABLE ferrule_kind_file)
    if(ferrule_kind_file)
        list(APPEND ferrule_installed_kinds ${ferrule_kind})
        set(ferrule_${ferrule_kind}_FOUND TRUE)
    endif()
endforeach()

foreach(ferrule_component IN LISTS ferrule_FIND_COMPONENTS)
    if(ferrule_FIND_REQUIRED_${ferrule_component} AND NOT ferrule_${ferrule_component}_FOUND)
        list(JOIN ferrule_installed_kinds ", " ferrule_kinds_text)
        set(ferrule_FOUND FALSE)
        set(ferrule_NOT_FOUND_MESSAGE
            "this ferrule has the components ${ferrule_kinds_text}, not ${ferrule_component}")
        return()
    endif()
endforeach()

# A package manager may install only one of the two.
if(BUILD_SHARED_LIBS)
    set(ferrule_wanted_kinds ${ferrule_FIND_COMPONENTS} shared static sim)
else()
    set(ferrule_wanted_kinds ${ferrule_FIND_COMPONENTS} static shared sim)
endif()
if(NOT TARGET ferrule::ferrule)
    foreach(ferrule_kind IN LISTS ferrule_wanted_kinds)
        if(ferrule_kind IN_LIST ferrule_installed_kinds)
            # Not an INTERFACE library: with a PRIVATE link of a shared library to that, CMake would
            # not find the library for the link of a program.
            add_library(ferrule::ferrule ALIAS ferrule::${ferrule_kind})
            break()
        endif()
    endforeach()
endif()
