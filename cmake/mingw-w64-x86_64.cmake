# Cross-build for 64-bit Windows with Debian's mingw gcc. Programs run under Wine if it is
# installed.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
find_program(ferrule_mingw_cxx x86_64-w64-mingw32-g++)
if(ferrule_mingw_cxx)
    set(CMAKE_CXX_COMPILER "${ferrule_mingw_cxx}")
endif()
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
# Programs need no DLL of the compiler: if one is missing, a program ends without a message.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static-libgcc")

find_program(ferrule_wine NAMES wine64 wine PATHS /usr/lib/wine /usr/lib64/wine)
if(ferrule_wine)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/../ci/wine.sh")
endif()
