# A trace of the seam: each call of core prints a line. This file makes the wrappers from the
# declarations of the headers in platform/; platform/common/trace.c has the
# text of each type.
#   FERRULE_TRACE=ON         every library of the build has the trace
#   cmake -D OUT=FOLDER -P   writes the two files below into FOLDER
#
# trace_names.h   renames the functions in core: ferp_recv becomes ferp_trace_recv
# trace_calls.h   defines ferp_trace_recv, which calls ferp_recv and prints the line
cmake_minimum_required(VERSION 3.20)
get_filename_component(ferrule_trace_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

# No system calls: constants, tables and conversions; the clock (the vDSO has it), the heap and the locks, which
# make one only sometimes; the results that a lookup already has.
set(ferrule_untraced
    traits error_kind error_text errno errno_of_kind messages_per_call
    now process counts
    alloc free
    mutex_init mutex_destroy mutex_lock mutex_unlock cond_wait cond_broadcast
    lookup_next lookup_end
    poller_raw
    sockaddr_of sockaddr_to sockaddr_un_of sockaddr_un_to)

# A pointer to one of these is an argument, not a result.
set(ferrule_trace_objects ferp_wait fer_cancel_token fer_poller ferp_lookup ferp_thread ferp_pipe ferp_ready_pair)
# Not printed: the bytes of a buffer, whose length is; the events, whose number is.
set(ferrule_trace_hidden void fer_io_slice fer_io_slice_mut fer_event)

# Sets VARIABLE to the declarations of the seam, one line each, with @ for the semicolon.
function(ferrule_read_seam variable)
    set(declarations "")
    file(GLOB headers "${ferrule_trace_root}/platform/*.h")
    foreach(header IN LISTS headers)
        file(READ "${header}" text)
        string(REPLACE ";" "@" text "${text}")
        string(REGEX REPLACE "[][]" "" text "${text}")
        string(REGEX REPLACE "\n +" " " text "${text}")
        string(REPLACE "\n" ";" lines "${text}")
        foreach(line IN LISTS lines)
            if(line MATCHES "^((const |struct )?[a-z][a-z0-9_]* [*]?ferp_[a-z0-9_]+\\([^()]*\\))@")
                list(APPEND declarations "${CMAKE_MATCH_1}")
            endif()
        endforeach()
    endforeach()
    set(${variable} "${declarations}" PARENT_SCOPE)
endfunction()

# Adds to ARGUMENTS or RESULTS the statement that prints the parameter TYPE NAME.
macro(ferrule_trace_parameter type name)
    string(REGEX REPLACE "^(const )?(struct )?([a-z0-9_]+)( [*])?$" "\\3" base "${type}")
    if(base IN_LIST ferrule_trace_hidden AND "${type}" MATCHES "[*]")
    elseif(base IN_LIST ferrule_trace_objects)
        string(APPEND arguments "    put_object(&line, ${name});\n")
    elseif("${name}" STREQUAL "len")
        string(APPEND arguments "    put_length(&line, ${name});\n")
    elseif("${type}" MATCHES "^const .*[*]$")
        string(APPEND arguments "    put_in_${base}(&line, ${name});\n")
    elseif("${type}" MATCHES "[*]$")
        string(APPEND results "        put_out_${base}(&line, ${name});\n")
    else()
        string(APPEND arguments "    put_${base}(&line, ${name});\n")
    endif()
endmacro()

# Appends the macro and the wrapper of one declaration to names and calls.
macro(ferrule_trace_function declaration)
    string(REGEX MATCH "^(.*[ *])ferp_([a-z0-9_]+)\\((.*)\\)$" matched "${declaration}")
    set(returned "${CMAKE_MATCH_1}")
    set(name "${CMAKE_MATCH_2}")
    set(parameters "${CMAKE_MATCH_3}")
    string(STRIP "${returned}" returned)
    set(arguments "")
    set(results "")
    set(passed "")
    string(REPLACE "," ";" list "${parameters}")
    foreach(parameter IN LISTS list)
        string(REGEX MATCH "^ *(.*[ *])([a-z0-9_]+)$" matched "${parameter}")
        string(STRIP "${CMAKE_MATCH_1}" type)
        set(parameter_name "${CMAKE_MATCH_2}")
        list(APPEND passed "${parameter_name}")
        ferrule_trace_parameter("${type}" "${parameter_name}")
    endforeach()
    list(JOIN passed ", " passed)
    set(call "ferp_${name}(${passed})")
    if(returned STREQUAL "void")
        set(before "    ${call};\n")
        set(after "    end_line(&line);\n")
    else()
        set(before "    ${returned} result = ${call};\n")
        set(after "    if (put_result_${returned}(&line, result)) {\n${results}    }\n    end_line(&line);\n    return result;\n")
    endif()
    string(APPEND names "#define ferp_${name}(...) ferp_trace_${name}(__VA_ARGS__)\n")
    string(APPEND calls "${returned} ferp_trace_${name}(${parameters});\n"
        "${returned} ferp_trace_${name}(${parameters})\n{\n    struct line line;\n${before}"
        "    begin_line(&line, \"ferp_${name}\");\n${arguments}${after}}\n\n")
endmacro()

# ferrule_write_trace(FOLDER): writes trace_names.h and trace_calls.h.
function(ferrule_write_trace folder)
    ferrule_read_seam(declarations)
    set(names "/* Made by cmake/FerruleTrace.cmake. */\n")
    set(calls "/* Made by cmake/FerruleTrace.cmake. */\n")
    foreach(declaration IN LISTS declarations)
        string(REGEX MATCH "ferp_([a-z0-9_]+)\\(" matched "${declaration}")
        if(NOT CMAKE_MATCH_1 IN_LIST ferrule_untraced)
            ferrule_trace_function("${declaration}")
        endif()
    endforeach()
    file(CONFIGURE OUTPUT "${folder}/trace_names.h" CONTENT "${names}" @ONLY)
    file(CONFIGURE OUTPUT "${folder}/trace_calls.h" CONTENT "${calls}" @ONLY)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    ferrule_write_trace("${OUT}")
    return()
endif()

# ---- In a build

set(ferrule_trace_folder "${PROJECT_BINARY_DIR}/trace")
ferrule_write_trace("${ferrule_trace_folder}")
# The files are written again if the seam has changed.
file(GLOB ferrule_seam_headers "${ferrule_trace_root}/platform/*.h")
set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${ferrule_seam_headers})
set(ferrule_trace_include -include "${ferrule_trace_folder}/trace_names.h")
if(MSVC)
    set(ferrule_trace_include "/FI${ferrule_trace_folder}/trace_names.h")
endif()

# Each library of the build. Not as one file: core is renamed, the backend is not.
if(FERRULE_TRACE)
    set(FERRULE_AMALGAMATED OFF)
    include_directories("${ferrule_trace_folder}")
    set_source_files_properties(${ferrule_core_sources} PROPERTIES COMPILE_OPTIONS "${ferrule_trace_include}")
    list(APPEND ferrule_platform_sources ${ferrule_trace_sources})
    list(APPEND ferrule_sim_sources ${ferrule_trace_sources})
endif()
