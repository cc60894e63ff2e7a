# find_package(ferrule [COMPONENTS static|shared]) defines ferrule::ferrule. Without a component
# BUILD_SHARED_LIBS selects the library. ferrule::static, ferrule::shared and ferrule::sim, the
# simulated network for tests, are always defined.
cmake_minimum_required(VERSION 3.20)

if(NOT WIN32)
    include(CMakeFindDependencyMacro)
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_dependency(Threads)
endif()

foreach(ferrule_kind IN ITEMS static shared sim)
    include("${CMAKE_CURRENT_LIST_DIR}/ferrule-${ferrule_kind}.cmake")
endforeach()

set(ferrule_kind static)
if(BUILD_SHARED_LIBS)
    set(ferrule_kind shared)
endif()
set(ferrule_known_components static shared sim)
list(LENGTH ferrule_FIND_COMPONENTS ferrule_component_count)
if(ferrule_component_count GREATER 0)
    list(GET ferrule_FIND_COMPONENTS 0 ferrule_kind)
endif()
foreach(ferrule_component IN LISTS ferrule_FIND_COMPONENTS)
    if(ferrule_component IN_LIST ferrule_known_components)
        set(ferrule_${ferrule_component}_FOUND TRUE)
    elseif(ferrule_FIND_REQUIRED_${ferrule_component})
        set(ferrule_FOUND FALSE)
        set(ferrule_NOT_FOUND_MESSAGE "ferrule has the components static, shared and sim, not ${ferrule_component}")
        return()
    endif()
endforeach()

if(NOT TARGET ferrule::ferrule)
    add_library(ferrule::ferrule INTERFACE IMPORTED)
    set_target_properties(ferrule::ferrule PROPERTIES INTERFACE_LINK_LIBRARIES ferrule::${ferrule_kind})
endif()
