# pith_module(<folder>) publishes <folder>/*.h as <pith/(last part of folder)/*.h> and adds the
# folder's sources, which its own CMakeLists.txt lists.
#
# The build tree gets one directory link per module, so the include path is the same here as after
# installation and no header exists twice.
set(PITH_INCLUDE_DIR ${PROJECT_BINARY_DIR}/include)

function(pith_module folder)
  cmake_path(GET folder FILENAME module)
  file(MAKE_DIRECTORY ${PITH_INCLUDE_DIR}/pith)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${PITH_INCLUDE_DIR}/pith/${module} SYMBOLIC)
  file(GLOB headers CONFIGURE_DEPENDS ${PITH_INCLUDE_DIR}/pith/${module}/*.h)
  target_sources(pith PUBLIC FILE_SET HEADERS BASE_DIRS ${PITH_INCLUDE_DIR} FILES ${headers})
  set_property(GLOBAL APPEND PROPERTY PITH_MODULES ${folder})
  add_subdirectory(${folder})
endfunction()
