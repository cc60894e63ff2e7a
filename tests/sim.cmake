# The tests over the simulated network.

# The conformance suite again, in each dialect. The peer is a simulated host. A test that needs
# something that the simulation does not have is skipped by name. The suite has one thread, so the
# thread sanitizer cannot find anything in it.
if(NOT FERRULE_SANITIZE MATCHES "thread")
set(ferrule_sim_support_sources
    conformance/peer.c
    support/file_sim.c
    support/fixture.c
    support/limits_fixture.c
    support/overlap_sim.c
    support/pattern.c
    support/poller_fixture.c
    support/process_fixture.c
    support/process_no_signals.c
    support/process_sim.c
    support/socket_fixture.c
    support/thread_sim.c
    support/stream_fixture.c
    support/unix_fixture.c
    conformance/peer_sim.c
    conformance/unix_peer_sim.c)
foreach(dialect IN ITEMS posix winsock bsd)
    add_library(ferrule_test_support_sim_${dialect} STATIC ${ferrule_sim_support_sources})
    ferrule_prepare_test_target(ferrule_test_support_sim_${dialect})
    target_link_libraries(ferrule_test_support_sim_${dialect} PUBLIC ferrule::sim)
endforeach()
target_compile_definitions(ferrule_test_support_sim_winsock PRIVATE FERRULE_SIM_DIALECT_WINSOCK)
target_compile_definitions(ferrule_test_support_sim_bsd PRIVATE FERRULE_SIM_DIALECT_BSD)
foreach(dialect IN ITEMS posix winsock bsd)
    ferrule_add_program(sim_tests_${dialect} ${ferrule_conformance_names})
    target_link_libraries(sim_tests_${dialect} PRIVATE
        ferrule_conformance_tests ferrule_test_support_sim_${dialect})
endforeach()
foreach(dialect IN ITEMS posix winsock)
    foreach(name IN LISTS ferrule_conformance_names)
        ferrule_add_test(sim_${dialect}_${name} sim sim_tests_${dialect} ${name})
        # The same with a loopback on which nothing arrives immediately.
        ferrule_add_test(sim_${dialect}_${name}_slowly "sim;thorough" sim_tests_${dialect} ${name})
        set_property(TEST sim_${dialect}_${name}_slowly APPEND PROPERTY
            ENVIRONMENT FERRULE_SIM_LATENCY_US=50)
    endforeach()
endforeach()
# The same on each system of the BSD dialect. The quick check runs each file on the first of the
# systems, which is the next one for each file, and with a sanitizer is another than without.
set(systems macos freebsd netbsd openbsd)
if(FERRULE_SANITIZE)
    set(systems netbsd openbsd macos freebsd)
endif()
foreach(name IN LISTS ferrule_conformance_names)
    set(label sim)
    foreach(system IN LISTS systems)
        ferrule_add_test(sim_bsd_${system}_${name} "${label}" sim_tests_bsd ${name})
        set_property(TEST sim_bsd_${system}_${name} APPEND PROPERTY
            ENVIRONMENT FERRULE_SIM_BSD=${system})
        set(label "sim;thorough")
        ferrule_add_test(sim_bsd_${system}_${name}_slowly "${label}" sim_tests_bsd ${name})
        set_property(TEST sim_bsd_${system}_${name}_slowly APPEND PROPERTY
            ENVIRONMENT FERRULE_SIM_BSD=${system} FERRULE_SIM_LATENCY_US=50)
    endforeach()
    list(POP_FRONT systems first)
    list(APPEND systems ${first})
endforeach()
# The same on a Windows that loses events and cancels, and whose hang-ups end waits to write.
foreach(name IN LISTS ferrule_conformance_names)
    ferrule_add_test(sim_winsock_${name}_losing "sim;thorough" sim_tests_winsock ${name})
    set_property(TEST sim_winsock_${name}_losing APPEND PROPERTY ENVIRONMENT
        FERRULE_SIM_LATENCY_US=50 FERRULE_SIM_LOSES_EVENTS=1 FERRULE_SIM_LOSES_CANCELS=1
        FERRULE_SIM_HANGUPS=1)
endforeach()
# The rules that clones share (T6, S6, O2, R1, R2, U5) again, with options and addresses that all
# SOCKETs of a socket share, as documented and as in Wine.
foreach(name IN ITEMS raw_and_clones options readiness shutdown socket_conversion timeouts
        datagrams datagram_peers)
    ferrule_add_test(sim_winsock_${name}_shared sim sim_tests_winsock ${name})
    set_property(TEST sim_winsock_${name}_shared APPEND PROPERTY
        ENVIRONMENT FERRULE_SIM_SHARED_OPTIONS=1 FERRULE_SIM_SHARED_ADDRESSES=1)
endforeach()
# Wine 8's answer to getpeername while a connect is pending, instead of the one reported of Windows.
foreach(name IN ITEMS socket_connecting never_waiting readiness)
    ferrule_add_test(sim_winsock_${name}_of_wine8 sim sim_tests_winsock ${name})
    set_property(TEST sim_winsock_${name}_of_wine8 APPEND PROPERTY
        ENVIRONMENT FERRULE_SIM_PENDING_HAS_NO_PEER=1)
endforeach()
endif()

# The simulation's own tests.
set(ferrule_sim_test_names ${ferrule_sim_test_sources})
list(TRANSFORM ferrule_sim_test_names REPLACE "sim/(.*)\\.c" "\\1")
ferrule_rename_mains(${ferrule_sim_test_sources})
ferrule_add_program(unit_tests_sim ${ferrule_sim_test_names})
target_sources(unit_tests_sim PRIVATE ${ferrule_sim_test_sources} support/thread.c)
target_link_libraries(unit_tests_sim PRIVATE ferrule::sim)
foreach(name IN LISTS ferrule_sim_test_names)
    ferrule_add_test(unit_${name} sim unit_tests_sim ${name})
endforeach()
