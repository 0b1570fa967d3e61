# gRPC, protobuf, and their compilers.

# What is found here is needed wherever a library of components is linked (CMake 3.24; before, find_package(toolcrib) has to
# stand in the folder around all of these).
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

# Newer protobuf has a package of its own, which gRPC's needs; Debian's is found by CMake's module.
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_package(Protobuf REQUIRED)
endif()
find_package(gRPC CONFIG REQUIRED)

if(TARGET gRPC::grpc_cpp_plugin)
  set(TOOLCRIB_GRPC_PLUGIN $<TARGET_FILE:gRPC::grpc_cpp_plugin> CACHE INTERNAL "protoc's plugin for gRPC")
else()
  find_program(TOOLCRIB_GRPC_PLUGIN grpc_cpp_plugin)
  if(NOT TOOLCRIB_GRPC_PLUGIN)
    message(FATAL_ERROR "grpc_cpp_plugin is missing; on Debian: apt install protobuf-compiler-grpc")
  endif()
endif()
