# Usage: cmake -D BUILD=... -D COMPONENTS=... -D GENERATOR=... -D COMPILER=... -P consume.cmake
set(work ${BUILD}/package)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/first)
# A package that remembers where it was first put is found out here.
file(RENAME ${work}/first ${work}/moved)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${work}/build -G ${GENERATOR}
    -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${work}/moved
    -D COMPONENTS=${COMPONENTS})
run(${CMAKE_COMMAND} --build ${work}/build)
run(${work}/build/consumer)
