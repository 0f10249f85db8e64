# What runs on a GPU: the library pith_cuda (pith::cuda), where the CUDA Toolkit is found. The same
# sources make an emulation of it, for tests on machines without a GPU (tests/emulation).
#
# CMake 3.25 does not know how nvcc is told of C++20, so the option is given as it is. Without
# CMAKE_CUDA_ARCHITECTURES or CUDAARCHS, code is made for the generations from Turing to Hopper, and
# PTX for what follows.
set(CUDA_FOUND FALSE)
if(PITH_CUDA)
  include(CheckLanguage)
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(PITH_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
    if(PITH_NVCC)
      set(CMAKE_CUDA_COMPILER ${PITH_NVCC})
    endif()
  endif()
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit)
    set(CUDA_FOUND ${CUDAToolkit_FOUND})
  endif()
  if(PITH_CUDA STREQUAL REQUIRED AND NOT CUDA_FOUND)
    message(FATAL_ERROR "PITH_CUDA=REQUIRED, but no CUDA Toolkit is found: nvcc must be on the PATH, "
                        "in CUDACXX, or below CUDA_HOME or /usr/local/cuda")
  endif()
endif()

# pith_device_sources(<file>...): sources of this folder that need CUDA, or an emulation of it.
function(pith_device_sources)
  foreach(source IN LISTS ARGN)
    set_property(GLOBAL APPEND PROPERTY PITH_DEVICE_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
endfunction()

# pith_device_library(<target>): of all device sources, over pith. What rounds must round alike.
function(pith_device_library target)
  get_property(sources GLOBAL PROPERTY PITH_DEVICE_SOURCES)
  add_library(${target} ${ARGN} ${sources})
  target_link_libraries(${target} PUBLIC pith PRIVATE $<BUILD_INTERFACE:pith_warnings>)
  if(NCCL_FOUND)  # loaded at run time
    target_include_directories(${target} SYSTEM PRIVATE ${NCCL_INCLUDE_DIR})
    target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
  endif()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>
    "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-std=c++20 --fmad=false --expt-relaxed-constexpr>"
    "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Xcompiler=-Wall,-Wextra,-Wno-unused-parameter -Werror=all-warnings>")
endfunction()
