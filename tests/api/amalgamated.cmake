# ferrule.c and ferrule.h, as a user compiles them, with each C compiler for this system.
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT FERRULE_SANITIZE AND
        (NOT CMAKE_CROSSCOMPILING OR (WIN32 AND CMAKE_CROSSCOMPILING_EMULATOR)))
    set(one_file_compilers "${CMAKE_C_COMPILER}")
    set(one_file_flags "${CMAKE_C_FLAGS}")
    set(one_file_link_flags "${CMAKE_EXE_LINKER_FLAGS} ${CMAKE_C_STANDARD_LIBRARIES}")
    if(MSVC)
        string(APPEND one_file_link_flags " ws2_32.lib")
        if(CMAKE_C_COMPILER_TARGET)
            string(APPEND one_file_flags " --target=${CMAKE_C_COMPILER_TARGET} -fuse-ld=lld")
        endif()
    elseif(WIN32)
        string(APPEND one_file_link_flags " -lws2_32")
    else()
        string(APPEND one_file_link_flags " ${CMAKE_THREAD_LIBS_INIT}")
        foreach(name IN ITEMS gcc clang clang-19)
            find_program(FERRULE_USERS_${name} ${name})
            if(FERRULE_USERS_${name})
                list(APPEND one_file_compilers "${FERRULE_USERS_${name}}")
            endif()
        endforeach()
        list(REMOVE_DUPLICATES one_file_compilers)
    endif()
    add_test(NAME api_amalgamated_program COMMAND "${FERRULE_SH}" "${api_dir}/amalgamated_program.sh"
        "${PROJECT_SOURCE_DIR}" "${CMAKE_COMMAND}" "${CMAKE_CROSSCOMPILING_EMULATOR}" "${one_file_flags}"
        "${one_file_link_flags}" ${one_file_compilers})
    set_tests_properties(api_amalgamated_program PROPERTIES LABELS "api;thorough;amalgamated" TIMEOUT 600
        ENVIRONMENT "${ferrule_test_environment}" FIXTURES_REQUIRED "${ferrule_test_fixtures}")
endif()
