# Each public function, while the system fails: the programs of sweep/. ferrule_sweep_programs lists
# them. Each runs every Nth of its runs, and reports more kinds than a minimum (check.py --planted).
# They replace functions at link time, which zig's linker cannot, and no linker in calls that it has
# inlined.
if(FERRULE_LTO)
    return()
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT FERRULE_KERNEL AND NOT CMAKE_CROSSCOMPILING)
    # sweep/sweep.c
    file(READ sweep/faults_posix.h ferrule_sweep_calls)
    string(REGEX MATCHALL "\n    (X\\(|SWEEP_TRANSFER\\(X, )[a-z0-9_]+" ferrule_sweep_calls "${ferrule_sweep_calls}")
    list(TRANSFORM ferrule_sweep_calls REPLACE "\n    (X\\(|SWEEP_TRANSFER\\(X, )" "-Wl,--wrap=")
    foreach(name IN ITEMS setsockopt epoll_ctl freeaddrinfo)
        list(APPEND ferrule_sweep_calls "-Wl,--wrap=${name}")
    endforeach()
    list(REMOVE_DUPLICATES ferrule_sweep_calls)
    add_executable(sweep_sim ${ferrule_functions_sources} sweep/calls.c sweep/sim.c sweep/sim_peers.c sweep/sweep.c sweep/world.c)
    target_link_libraries(sweep_sim PRIVATE ferrule::sim)
    set(ferrule_sweep_programs sweep sweep_sim)
    set(ferrule_sweep_system posix)
    set(ferrule_sweep_minimum 80)
    set(every_of_sweep 7)
    set(every_of_sweep_sim 13)
elseif(MINGW AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # The program replaces its imports (sweep/faults_winsock.c).
    set(ferrule_sweep_calls)
    set(ferrule_sweep_programs sweep)
    set(ferrule_sweep_system winsock)
    set(ferrule_sweep_minimum 20)
    set(every_of_sweep 29)
else()
    return()
endif()

add_executable(sweep
    ${ferrule_functions_sources}
    sweep/calls.c
    sweep/faults.c
    sweep/faults_${ferrule_sweep_system}.c
    sweep/${ferrule_sweep_system}.c
    sweep/peers.c
    sweep/runs.c
    sweep/sweep.c
    sweep/world.c)
target_link_libraries(sweep PRIVATE ferrule_test_support ferrule::static)
target_link_options(sweep PRIVATE ${ferrule_sweep_calls})

# A sample of the runs; ci/nightly.sh makes all of them. The programs have one thread besides the
# resolver's, so the thread sanitizer has nothing to find.
find_package(Python3 COMPONENTS Interpreter QUIET)
foreach(program IN LISTS ferrule_sweep_programs)
    ferrule_prepare_test_target(${program})
    target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/include" "${ferrule_functions_folder}")
    target_link_options(${program} PRIVATE -Wl,--wrap=malloc,--wrap=free)
    if(Python3_FOUND AND NOT FERRULE_SANITIZE MATCHES "thread|memory")
        ferrule_add_test(${program} sweep "${Python3_EXECUTABLE}"
            "${CMAKE_CURRENT_SOURCE_DIR}/sweep/check.py" "${PROJECT_SOURCE_DIR}"
            --planted ${ferrule_sweep_minimum} ${CMAKE_CROSSCOMPILING_EMULATOR}
            "$<TARGET_FILE:${program}>" --every ${every_of_${program}})
    endif()
endforeach()
