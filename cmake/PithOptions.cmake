# What can be switched, and the flags that every target of this project is compiled with.
option(PITH_MPI "Build the MPI communicator if MPI is found" ON)
option(PITH_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(PITH_TOOLS "Build pith-bench" ${PROJECT_IS_TOP_LEVEL})
option(PITH_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
set(PITH_SANITIZE "" CACHE STRING "Sanitizers for every target: address,undefined or thread")

if(PROJECT_IS_TOP_LEVEL)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(PITH_CCACHE ccache)
  if(PITH_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${PITH_CCACHE})
  endif()
endif()
set(CMAKE_CXX_EXTENSIONS OFF)

if(PITH_SANITIZE)
  add_compile_options(-fsanitize=${PITH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PITH_SANITIZE})
endif()

add_library(pith_warnings INTERFACE)
target_compile_options(pith_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
