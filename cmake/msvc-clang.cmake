# Cross-build for Windows in MSVC's dialect: clang-cl and lld-link, with Wine's headers and import
# libraries made from Wine's DLLs (cmake/msvc/sdk.sh). CMake takes the branches that it takes for
# cl.exe. Programs for x86-64 run under Wine; x86 and arm64 are only compiled.
set(CMAKE_SYSTEM_NAME Windows)
set(FERRULE_MSVC_SDK "${CMAKE_CURRENT_LIST_DIR}/../build/cache/msvc" CACHE PATH
    "The directory that cmake/msvc/sdk.sh filled")
set(FERRULE_MSVC_PROCESSOR x86_64 CACHE STRING "x86_64, i686 or aarch64")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FERRULE_MSVC_SDK FERRULE_MSVC_PROCESSOR)
set(CMAKE_SYSTEM_PROCESSOR "${FERRULE_MSVC_PROCESSOR}")
if(NOT FERRULE_MSVC_PROCESSOR STREQUAL "x86_64")
    # There are no libraries to link with.
    set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
endif()

set(CMAKE_C_COMPILER "${FERRULE_MSVC_SDK}/bin/clang-cl")
set(CMAKE_C_COMPILER_TARGET "${FERRULE_MSVC_PROCESSOR}-pc-windows-msvc")
set(CMAKE_LINKER "${FERRULE_MSVC_SDK}/bin/lld-link")
set(CMAKE_AR "${FERRULE_MSVC_SDK}/bin/llvm-lib")

string(CONCAT CMAKE_C_FLAGS_INIT "-fms-compatibility-version=19.40 -D_UCRT"
    " -imsvc/usr/include/wine/wine/msvcrt -imsvc/usr/include/wine/wine/windows"
    " /GS- -FI${FERRULE_MSVC_SDK}/include/missing.h")
if(FERRULE_MSVC_PROCESSOR STREQUAL "aarch64")
    # Wine's <winnt.h> defines this function, which clang has built in.
    string(APPEND CMAKE_C_FLAGS_INIT
        " -D_InterlockedCompareExchange128=wine_InterlockedCompareExchange128")
endif()
# No run-time library of the compiler checks stack frames (/GS-). There is one C library, the one of the system, and no manifest.
set(CMAKE_MSVC_RUNTIME_LIBRARY MultiThreaded)
set(CMAKE_EXE_LINKER_FLAGS_INIT "/manifest:no /libpath:${FERRULE_MSVC_SDK}/lib")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "/manifest:no /libpath:${FERRULE_MSVC_SDK}/lib")
# Instead of CMake's list of desktop libraries, which no file of this project uses.
set(CMAKE_C_STANDARD_LIBRARIES "ucrtbase.lib vcruntime140.lib kernel32.lib ntdll.lib" CACHE STRING "")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

find_program(ferrule_wine NAMES wine64 wine PATHS /usr/lib/wine /usr/lib64/wine)
if(ferrule_wine)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/../ci/wine.sh")
endif()
