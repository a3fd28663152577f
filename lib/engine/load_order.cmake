# Which libraries LibTorch needs, directly or not, as names in an order in which each stands behind those that it needs
# itself. engine/engine.cpp says what for. Without the tools that tell it the list is empty.
set_property(GLOBAL PROPERTY gdm_load_order "")

function(gdm_visit_library path)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${path} OUTPUT_VARIABLE text ERROR_QUIET)
  string(REGEX MATCHALL "NEEDED +[^\n]+" needed "${text}")
  foreach(line ${needed})
    string(REGEX REPLACE "NEEDED +" "" name "${line}")
    get_property(visited GLOBAL PROPERTY gdm_visited)
    if(NOT name IN_LIST visited AND DEFINED GDM_PATH_OF_${name})
      set_property(GLOBAL APPEND PROPERTY gdm_visited ${name})
      gdm_visit_library(${GDM_PATH_OF_${name}})
      set_property(GLOBAL APPEND PROPERTY gdm_load_order ${name})
    endif()
  endforeach()
endfunction()

# RESULT: the list for the library at PATH, as lines of C++.
function(gdm_load_order result path)
  if(NOT GDM_LOAD_LIBRARIES_OF STREQUAL "${path}")  # a second, which not every configuration need take
    execute_process(COMMAND ldd ${path} OUTPUT_VARIABLE text ERROR_QUIET)
    string(REGEX MATCHALL "[^ \t\n]+ => /[^ \n]+" found "${text}")
    foreach(line ${found})
      string(REGEX REPLACE " => .*" "" name "${line}")
      # By its name alone only what lies where every program looks is found again: not what a LibTorch brings along.
      if(line MATCHES " => /(usr/)?lib")
        string(REGEX REPLACE ".* => " "" GDM_PATH_OF_${name} "${line}")
      endif()
    endforeach()
    if(CMAKE_OBJDUMP)
      gdm_visit_library(${path})
    endif()
    get_property(order GLOBAL PROPERTY gdm_load_order)
    list(FILTER order EXCLUDE REGEX "^lib(torch|c10)")  # these find each other best all at once
    set(GDM_LOAD_LIBRARIES "${order}" CACHE INTERNAL "")  # one line, as a cache keeps no more
    set(GDM_LOAD_LIBRARIES_OF "${path}" CACHE INTERNAL "")
  endif()
  set(lines "${GDM_LOAD_LIBRARIES}")
  list(TRANSFORM lines REPLACE "(.+)" "    \"\\1\",\n")
  string(CONCAT lines ${lines})
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()
