# ferrule.c and ferrule.h, made of the sources: the target ferrule_amalgamation.
set(ferrule_amalgamation_dir "${PROJECT_BINARY_DIR}/amalgamation")
set(ferrule_amalgamation "${ferrule_amalgamation_dir}/ferrule.c")
file(GLOB ferrule_amalgamation_inputs CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/include/*.h" "${PROJECT_SOURCE_DIR}/include/ferrule/*.h"
    "${PROJECT_SOURCE_DIR}/core/*/*.[ch]" "${PROJECT_SOURCE_DIR}/platform/*.h"
    "${PROJECT_SOURCE_DIR}/platform/common/*.[ch]" "${PROJECT_SOURCE_DIR}/platform/posix/*.[ch]"
    "${PROJECT_SOURCE_DIR}/platform/winsock/*.[ch]")
add_custom_command(
    OUTPUT "${ferrule_amalgamation}" "${ferrule_amalgamation_dir}/ferrule.h"
    COMMAND "${CMAKE_COMMAND}" -D "ROOT=${PROJECT_SOURCE_DIR}" -D "OUT=${ferrule_amalgamation_dir}"
        -P "${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake"
    DEPENDS ${ferrule_amalgamation_inputs} "${PROJECT_SOURCE_DIR}/LICENSE-MIT" "${PROJECT_SOURCE_DIR}/cmake/amalgamate.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FerruleSources.cmake"
    COMMENT "Writing ferrule.c and ferrule.h"
    VERBATIM)
add_custom_target(ferrule_amalgamation DEPENDS "${ferrule_amalgamation}")
