# Installs the library, its headers and a package that find_package(pith CONFIG) finds.
include(CMakePackageConfigHelpers)
set(PITH_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pith)

install(TARGETS pith EXPORT pith-targets FILE_SET HEADERS)
install(EXPORT pith-targets NAMESPACE pith:: DESTINATION ${PITH_CMAKE_DIR})
if(CUDA_FOUND)  # apart, as only who asks for them needs the CUDA Toolkit
  install(TARGETS pith_cuda EXPORT pith-cuda-targets)
  install(EXPORT pith-cuda-targets NAMESPACE pith:: DESTINATION ${PITH_CMAKE_DIR})
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pithConfig.cmake.in
  ${PROJECT_BINARY_DIR}/pithConfig.cmake INSTALL_DESTINATION ${PITH_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pithConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pithConfig.cmake ${PROJECT_BINARY_DIR}/pithConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindxxHash.cmake DESTINATION ${PITH_CMAKE_DIR})
if(zstd_FOUND)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/Findzstd.cmake DESTINATION ${PITH_CMAKE_DIR})
endif()
