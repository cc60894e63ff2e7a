# Each public function, while the system fails: the programs of sweep/.

# The sweep (sweep/sweep.c) replaces functions at link time, which zig's linker cannot.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT FERRULE_BSD AND NOT CMAKE_CROSSCOMPILING)
    file(READ sweep/faults_posix.h ferrule_sweep_calls)
    string(REGEX MATCHALL "\n    (X\\(|SWEEP_TRANSFER\\(X, )[a-z0-9_]+" ferrule_sweep_calls "${ferrule_sweep_calls}")
    list(TRANSFORM ferrule_sweep_calls REPLACE "\n    (X\\(|SWEEP_TRANSFER\\(X, )" "-Wl,--wrap=")
    foreach(name IN ITEMS setsockopt epoll_ctl freeaddrinfo)
        list(APPEND ferrule_sweep_calls "-Wl,--wrap=${name}")
    endforeach()
    list(REMOVE_DUPLICATES ferrule_sweep_calls)
    add_executable(sweep
        sweep/faults.c
        sweep/faults_posix.c
        sweep/posix.c
        sweep/runs.c
        sweep/sweep.c
        sweep/world.c)
    target_link_libraries(sweep PRIVATE ferrule::static)
    target_link_options(sweep PRIVATE ${ferrule_sweep_calls})
    add_executable(sweep_sim sweep/sim.c sweep/sim_peers.c sweep/sweep.c sweep/world.c)
    target_link_libraries(sweep_sim PRIVATE ferrule::sim)
    # A sample of the runs; ci/nightly.sh makes all of them. The programs have one thread besides the
    # resolver's, so the thread sanitizer has nothing to find.
    find_package(Python3 COMPONENTS Interpreter QUIET)
    set(every_of_sweep 7)
    set(every_of_sweep_sim 13)
    foreach(program IN ITEMS sweep sweep_sim)
        ferrule_prepare_test_target(${program})
        target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/include")
        target_link_options(${program} PRIVATE -Wl,--wrap=malloc,--wrap=free)
        if(Python3_FOUND AND NOT FERRULE_SANITIZE MATCHES "thread|memory")
            ferrule_add_test(${program} sweep "${Python3_EXECUTABLE}"
                "${CMAKE_CURRENT_SOURCE_DIR}/sweep/check.py" "${PROJECT_SOURCE_DIR}" --planted
                "$<TARGET_FILE:${program}>" --every ${every_of_${program}})
        endif()
    endforeach()
endif()

# On Windows the program replaces its imports (sweep/faults_winsock.c).
if(MINGW)
    add_executable(sweep
        sweep/faults.c
        sweep/faults_winsock.c
        sweep/runs.c
        sweep/sweep.c
        sweep/winsock.c
        sweep/world.c)
    ferrule_prepare_test_target(sweep)
    target_include_directories(sweep PRIVATE "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(sweep PRIVATE ferrule::static)
    target_link_options(sweep PRIVATE -Wl,--wrap=malloc -Wl,--wrap=free)
    find_package(Python3 COMPONENTS Interpreter QUIET)
    if(Python3_FOUND)
        ferrule_add_test(sweep sweep "${Python3_EXECUTABLE}"
            "${CMAKE_CURRENT_SOURCE_DIR}/sweep/check.py" "${PROJECT_SOURCE_DIR}" --planted 20
            ${CMAKE_CROSSCOMPILING_EMULATOR} "$<TARGET_FILE:sweep>" --every 29)
    endif()
endif()
