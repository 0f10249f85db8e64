# What can be switched, and the flags that every target of this project is compiled with.
option(PITH_MPI "Build the MPI communicator if MPI is found" ON)
set(PITH_CUDA ON CACHE STRING
  "Build for GPUs: ON, if the CUDA Toolkit is found; REQUIRED, fail if it is not; OFF")
option(PITH_NCCL "Build the NCCL communicator if NCCL's header is found" ON)
option(PITH_ZSTD "Build the stage zstd if libzstd is found" ON)
option(PITH_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(PITH_TOOLS "Build pith-bench" ${PROJECT_IS_TOP_LEVEL})
option(PITH_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(PITH_FUZZ "Build the fuzz targets of tests/fuzz instead of the tests" OFF)
set(PITH_SANITIZE "" CACHE STRING "Sanitizers for every target: address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(PITH_CCACHE ccache)
  if(PITH_CCACHE)
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${PITH_CCACHE})
    # Without this ccache passes by everything that is compiled with a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${PITH_CCACHE})
    add_compile_options(
      $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
      "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(MPI_CXX_SKIP_MPICXX ON)  # the C interface; MPI's own C++ one is long deprecated

# Hardening that is cheap enough for everything that people run.
if(PROJECT_IS_TOP_LEVEL AND CMAKE_BUILD_TYPE STREQUAL Release)
  add_compile_options(
    "$<$<COMPILE_LANGUAGE:CXX>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-fstack-protector-strong>")
  add_link_options(LINKER:-z,relro,-z,now)
endif()

if(PITH_SANITIZE)
  add_compile_options(-fsanitize=${PITH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PITH_SANITIZE})
endif()

# pith_precompile(<target> [header...]): most of a small file's compile time is the standard library.
# The preset tsan does without, so that no file lives on another one's includes.
function(pith_precompile target)
  target_precompile_headers(${target} PRIVATE
    <algorithm> <cmath> <cstring> <functional> <map> <memory> <optional> <span> <sstream> <string>
    <vector> ${ARGN})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    # GCC 12 warns about its own strings once it has forgotten that they are a system's.
    target_compile_options(${target} PRIVATE
      -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()

set(warnings
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
add_library(pith_warnings INTERFACE)
target_compile_options(pith_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>")
if(CMAKE_VERIFY_INTERFACE_HEADER_SETS)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${warnings}>")  # the self-check of the headers knows no private options
endif()
