# The libraries that benchmarks compare with ferrule: ferrule_bench_peers. What is not found is left
# out, and each benchmark prints it as skipped.

# ferrule_add_peer(SOURCE DEFINITION HEADER LIBRARY [INCLUDE-SUFFIX])
function(ferrule_add_peer source definition header library)
    string(TOLOWER "${definition}" name)
    find_path(ferrule_${name}_header "${header}" PATH_SUFFIXES ${ARGN})
    find_library(ferrule_${name}_library "${library}")
    mark_as_advanced(ferrule_${name}_header ferrule_${name}_library)
    if(ferrule_${name}_header AND ferrule_${name}_library)
        add_library(ferrule_peer_${name} STATIC "${source}")
        ferrule_apply_settings(ferrule_peer_${name})
        target_include_directories(ferrule_peer_${name} PRIVATE "${PROJECT_SOURCE_DIR}")
        target_include_directories(ferrule_peer_${name} SYSTEM PRIVATE "${ferrule_${name}_header}")
        target_compile_definitions(ferrule_bench_peers INTERFACE "${definition}")
        target_link_libraries(ferrule_bench_peers INTERFACE ferrule_peer_${name} "${ferrule_${name}_library}")
    else()
        message(STATUS "bench: ${library} was not found")
    endif()
endfunction()
ferrule_add_peer(
    peer_uv.c
    HAVE_UV uv.h uv)
ferrule_add_peer(
    peer_event.c
    HAVE_EVENT event2/event.h event_core)
ferrule_add_peer(
    peer_apr.c
    HAVE_APR apr_pools.h apr-1 apr-1.0 apr-1)
ferrule_add_peer(
    peer_nng.c
    HAVE_NNG nng/nng.h nng)

# sockpp is C++, which the project enables only if it is found.
find_library(ferrule_have_sockpp_library sockpp)
mark_as_advanced(ferrule_have_sockpp_library)
if(ferrule_have_sockpp_library)
    include(CheckLanguage)
    check_language(CXX)
endif()
if(ferrule_have_sockpp_library AND NOT CMAKE_CXX_COMPILER)
    message(STATUS "bench: sockpp needs a C++ compiler, which was not found")
else()
    if(ferrule_have_sockpp_library)
        enable_language(CXX)
    endif()
    ferrule_add_peer(
        peer_sockpp.cpp
        HAVE_SOCKPP sockpp/socket.h sockpp)
endif()

# Go's net, as an archive of C functions and as an echo server. The archive brings Go's runtime with
# its threads, so only the programs that use it are linked with it: ferrule_bench_go.
find_program(FERRULE_GO go)
if(FERRULE_GO)
    set(go_archive "${CMAKE_CURRENT_BINARY_DIR}/libbench_go.a")
    set(go_server "${CMAKE_CURRENT_BINARY_DIR}/bench_go")
    set(go_source "${CMAKE_CURRENT_SOURCE_DIR}/go/bench_go.go")
    set(go_command "${CMAKE_COMMAND}" -E env "GOCACHE=${CMAKE_CURRENT_BINARY_DIR}/go" GO111MODULE=off
        "${FERRULE_GO}" build)
    add_custom_command(OUTPUT "${go_archive}" "${go_server}"
        COMMAND ${go_command} -buildmode=c-archive -o "${go_archive}" "${go_source}"
        COMMAND ${go_command} -o "${go_server}" "${go_source}"
        DEPENDS "${go_source}"
        VERBATIM)
    add_custom_target(ferrule_bench_go_archive DEPENDS "${go_archive}")
    add_library(ferrule_bench_go STATIC
        peer_go.c)
    ferrule_apply_settings(ferrule_bench_go)
    target_include_directories(ferrule_bench_go PRIVATE "${PROJECT_SOURCE_DIR}")
    target_compile_definitions(ferrule_bench_go INTERFACE HAVE_GO)
    target_link_libraries(ferrule_bench_go PRIVATE "${go_archive}" Threads::Threads)
    add_dependencies(ferrule_bench_go ferrule_bench_go_archive)
else()
    message(STATUS "bench: go was not found")
endif()

# Rust's std::net by rustc alone. mio, quinn-udp and tokio by Cargo, from the folder in which Debian's
# packages have the sources of crates.
find_program(FERRULE_RUSTC rustc HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
find_program(FERRULE_CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
set(FERRULE_CRATES /usr/share/cargo/registry CACHE PATH "The folder of the sources of crates")
if(NOT FERRULE_RUSTC)
    message(STATUS "bench: rustc was not found")
    return()
endif()
set(rust_folder "${CMAKE_CURRENT_BINARY_DIR}/rust")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS rust/Cargo.toml)
file(READ rust/Cargo.toml rust_manifest)
set(rust_features)
foreach(crate IN ITEMS mio-0.8 quinn-udp-0.3 tokio-1)
    string(REGEX MATCH "^[a-z]+" feature "${crate}")
    file(GLOB crate_sources "${FERRULE_CRATES}/${crate}.*/src/lib.rs")
    if(FERRULE_CARGO AND crate_sources)
        list(APPEND rust_features ${feature})
    else()
        message(STATUS "bench: ${crate} was not found")
        string(REGEX REPLACE "\n${feature}[^\n]* optional = true[^\n]*" "" rust_manifest "${rust_manifest}")
        string(REGEX REPLACE "\n${feature} = [^\n]*" "\n${feature} = []" rust_manifest "${rust_manifest}")
    endif()
endforeach()
file(CONFIGURE OUTPUT "${rust_folder}/Cargo.toml" CONTENT "${rust_manifest}" @ONLY)
if(rust_features)
    list(JOIN rust_features "," rust_feature_list)
    set(rust_archive "${rust_folder}/release/libbench_rust.a")
    set(rust_command "${CMAKE_COMMAND}" -E chdir "${rust_folder}/source"
        "${FERRULE_CARGO}" build --quiet --release --offline --features "${rust_feature_list}"
        --target-dir "${rust_folder}"
        --config "source.crates-io.replace-with='debian'"
        --config "source.debian.directory='${FERRULE_CRATES}'")
else()
    set(rust_archive "${rust_folder}/libbench_rust.a")
    set(rust_command "${FERRULE_RUSTC}" --edition 2021 --crate-type staticlib -C opt-level=3 -C panic=abort
        -C codegen-units=1 -o "${rust_archive}" "${rust_folder}/source/bench_rust.rs")
endif()
# Cargo writes a lock file beside its manifest, so it gets a copy.
set(rust_sources "${CMAKE_CURRENT_SOURCE_DIR}/rust/bench_rust.rs" "${CMAKE_CURRENT_SOURCE_DIR}/rust/over_mio.rs"
    "${CMAKE_CURRENT_SOURCE_DIR}/rust/over_quinn.rs" "${CMAKE_CURRENT_SOURCE_DIR}/rust/over_tokio.rs")
add_custom_command(OUTPUT "${rust_archive}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${rust_folder}/source"
    COMMAND "${CMAKE_COMMAND}" -E copy "${rust_folder}/Cargo.toml" ${rust_sources} "${rust_folder}/source"
    COMMAND ${rust_command}
    DEPENDS "${rust_folder}/Cargo.toml" ${rust_sources}
    VERBATIM)
add_custom_target(ferrule_bench_rust_archive DEPENDS "${rust_archive}")
add_library(ferrule_peer_rust STATIC
    peer_rust.c)
ferrule_apply_settings(ferrule_peer_rust)
target_include_directories(ferrule_peer_rust PRIVATE "${PROJECT_SOURCE_DIR}")
foreach(feature IN LISTS rust_features)
    string(TOUPPER "HAVE_${feature}" definition)
    target_compile_definitions(ferrule_bench_peers INTERFACE "${definition}")
    target_compile_definitions(ferrule_peer_rust PRIVATE "${definition}")
endforeach()
add_dependencies(ferrule_peer_rust ferrule_bench_rust_archive)
target_compile_definitions(ferrule_bench_peers INTERFACE HAVE_RUST)
target_link_libraries(ferrule_peer_rust PRIVATE "${rust_archive}" ${CMAKE_DL_LIBS} Threads::Threads m)
target_link_libraries(ferrule_bench_peers INTERFACE ferrule_peer_rust)
