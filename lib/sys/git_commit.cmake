# cmake -DSOURCE=folder -DOUT=file.hpp -P git_commit.cmake: writes the commit of the sources, if the file does not tell it already.
# Run by every build, as a commit or a change needs no new configuration.
cmake_minimum_required(VERSION 3.22)
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT id)
  set(id unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "// Made by CMake.\n#pragma once\n#define GDM_GIT_COMMIT \"@id@\"\n" @ONLY)
