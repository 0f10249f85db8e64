# Defines LibTorch::LibTorch from the distribution's libraries: tensors, gradients and the modules of
# the C++ front. LibTorch's own package asks for compilers and flags.
find_library(LibTorch_LIBRARY torch_cpu)
find_library(LibTorch_CORE_LIBRARY c10)
find_path(LibTorch_INCLUDE_DIR ATen/ATen.h)
find_path(LibTorch_MODULES_INCLUDE_DIR torch/torch.h
  HINTS ${LibTorch_INCLUDE_DIR} PATH_SUFFIXES torch/csrc/api/include)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS
  LibTorch_LIBRARY LibTorch_CORE_LIBRARY LibTorch_INCLUDE_DIR LibTorch_MODULES_INCLUDE_DIR)
mark_as_advanced(LibTorch_LIBRARY LibTorch_CORE_LIBRARY LibTorch_INCLUDE_DIR
  LibTorch_MODULES_INCLUDE_DIR)
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch UNKNOWN IMPORTED)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    IMPORTED_LOCATION ${LibTorch_LIBRARY}
    INTERFACE_LINK_LIBRARIES ${LibTorch_CORE_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_INCLUDE_DIR};${LibTorch_MODULES_INCLUDE_DIR}")
endif()
