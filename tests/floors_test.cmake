# Checks the floor plan of src/README.md against the #include lines: which room may know which, and
# where each C library is known. Run with: cmake -D SOURCES=src -P floors_test.cmake
cmake_minimum_required(VERSION 3.25)

# What a room may include besides itself.
set(below_base "")
set(below_codec base)
set(below_http base)
set(below_oci base)
set(below_registry oci http base)
set(below_rootfs codec base)
set(below_git codec http base)
set(below_lfs git http base)
set(below_resource registry rootfs lfs git oci http codec base)

# The files that may know a C library: header pattern, then the files as one pattern.
set(libraries
  "^curl/"      "^http/"
  "^archive"    "^rootfs/layer_reader\\.cpp$"
  "^openssl/"   "^base/hash\\.cpp$"
  "^isa-l"      "^codec/(inflate|deflate|gzip_writer)\\.cpp$"
  "^zstd"       "^codec/zstd\\.cpp$"
  "^git2"       "^git/direct_repository\\.cpp$"
  "^libssh"     "^git/ssh_(session|keys)\\.cpp$"
  "^re2/"       "^base/pattern\\.cpp$"
  "^nlohmann/json\\.hpp$"  "^(base/json|lfs/batch|resource/(protocol|image_files))\\.cpp$"
)
# A library in a header spreads to whoever includes it. This one stays inside its room (see below).
set(headers_with_library http/curl_handle.hpp)

# These follow symbolic links of an image, need a shell (the shipped image has none) or move the
# whole process.
set(forbidden "remove_all *\\(" "create_director(y|ies) *\\(" "[^a-z_]system *\\("
  "popen *\\(" "[^a-z_]chdir *\\(")

set(broken "")
macro(complain)
  string(APPEND broken "\n  " ${ARGN})
endmacro()

file(GLOB_RECURSE files RELATIVE ${SOURCES} ${SOURCES}/*.cpp ${SOURCES}/*.hpp)
list(LENGTH files count)
if(count LESS 50)
  message(FATAL_ERROR "found only ${count} files in ${SOURCES}")
endif()

foreach(file ${files})
  file(STRINGS ${SOURCES}/${file} lines REGEX "^[ \t]*#[ \t]*include")
  set(includes_${file} "")
  foreach(line ${lines})
    if(NOT line MATCHES "([<\"])([^>\"]+)[>\"]")
      complain("${file}: cannot read ${line}")
    elseif(CMAKE_MATCH_1 STREQUAL "\"" AND NOT CMAKE_MATCH_2 IN_LIST files)
      complain("${file}: no file \"${CMAKE_MATCH_2}\" in src (paths start there)")
    else()
      list(APPEND includes_${file} ${CMAKE_MATCH_2})
    endif()
  endforeach()
endforeach()

# Rooms.
foreach(file ${files})
  get_filename_component(room "${file}" DIRECTORY)
  foreach(header ${includes_${file}})
    get_filename_component(other "${header}" DIRECTORY)
    if(NOT header IN_LIST files)
      continue()
    elseif(room STREQUAL "")
      if(NOT header STREQUAL "resource/steps.hpp")
        complain("${file} includes ${header}: a door knows only resource/steps.hpp")
      endif()
    elseif(NOT DEFINED below_${room})
      complain("${file}: ${room} is not a room of the floor plan")
    elseif(NOT other STREQUAL room AND NOT other IN_LIST below_${room})
      complain("${file} includes ${header}: ${other} is not below ${room}")
    endif()
  endforeach()
endforeach()

# Libraries, each in its place; `tainted` are the headers that bring one along.
set(tainted "")
foreach(file ${files})
  set(rest ${libraries})
  while(rest)
    list(POP_FRONT rest pattern places)
    foreach(header ${includes_${file}})
      if(NOT header MATCHES "${pattern}" OR header IN_LIST files)
        continue()
      endif()
      if(NOT file MATCHES "${places}")
        complain("${file} includes ${header}, which is for ${places} alone")
      endif()
      if(file MATCHES "\\.hpp$")
        list(APPEND tainted ${file})
        if(NOT file IN_LIST headers_with_library)
          complain("${file} includes ${header}: no library in a header")
        endif()
      endif()
    endforeach()
  endwhile()
endforeach()

# No header hands a library on to another room.
set(frontier ${tainted})
while(frontier)
  list(POP_FRONT frontier source)
  get_filename_component(home "${source}" DIRECTORY)
  foreach(file ${files})
    if(NOT source IN_LIST includes_${file})
      continue()
    endif()
    get_filename_component(room "${file}" DIRECTORY)
    if(NOT room STREQUAL home)
      complain("${file} includes ${source}, which brings a C library along")
    elseif(file MATCHES "\\.hpp$" AND NOT file IN_LIST tainted)
      list(APPEND tainted ${file})
      list(APPEND frontier ${file})
    endif()
  endforeach()
endwhile()

foreach(file ${files})
  foreach(pattern ${forbidden})
    file(STRINGS ${SOURCES}/${file} lines REGEX "${pattern}")
    foreach(line ${lines})
      if(NOT line MATCHES "^ *//")
        complain("${file}: forbidden: ${line}")
      endif()
    endforeach()
  endforeach()
endforeach()

if(broken)
  message(FATAL_ERROR "The floor plan is broken:${broken}")
endif()
message(STATUS "${count} files keep to the floor plan")
