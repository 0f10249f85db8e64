# Defines xxHash::xxHash from the distribution's library. It is installed with the package: a project
# that links a static libpith links libxxhash too. Where the library chooses the machine's instruction
# set at run time, PITH_XXHASH_DISPATCH is defined.
find_path(xxHash_INCLUDE_DIR xxhash.h)
find_library(xxHash_LIBRARY xxhash)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(xxHash REQUIRED_VARS xxHash_LIBRARY xxHash_INCLUDE_DIR)
mark_as_advanced(xxHash_LIBRARY xxHash_INCLUDE_DIR)
if(xxHash_FOUND AND NOT TARGET xxHash::xxHash)
  add_library(xxHash::xxHash UNKNOWN IMPORTED)
  set_target_properties(xxHash::xxHash PROPERTIES
    IMPORTED_LOCATION ${xxHash_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${xxHash_INCLUDE_DIR})
  include(CheckCXXSymbolExists)
  include(CMakePushCheckState)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_LIBRARIES xxHash::xxHash)
  check_cxx_symbol_exists(XXH3_64bits_update_dispatch xxh_x86dispatch.h xxHash_DISPATCH)
  cmake_pop_check_state()
  if(xxHash_DISPATCH)
    set_target_properties(xxHash::xxHash PROPERTIES INTERFACE_COMPILE_DEFINITIONS PITH_XXHASH_DISPATCH)
  endif()
endif()
