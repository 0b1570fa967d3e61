# toolcrib_add_components(<target> FILES <file.proto>... [ROOT <folder>])
#
# Adds the static library <target> with the messages and the typed clients of components. FILES are paths within ROOT, the
# current source folder unless it is named.
#
# With the services' .proto files among FILES, as in a folder that `toolcrib generate --cpp` wrote, only your own protoc is
# needed. With nothing but the components' own .proto files, protoc-gen-toolcrib has to be on the path: it writes services
# and clients when CMake configures, and again when a file has changed.

# What protoc makes of `protos`, and its gRPC plugin of `services`, by a rule for each; answers the sources in `out`.
function(toolcrib_run_protoc out folder roots protos services)
  set(include)
  foreach(root IN LISTS roots)
    list(APPEND include -I${root})
  endforeach()
  set(sources)
  file(MAKE_DIRECTORY ${folder})
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" "" stem ${folder}/${proto})
    set(made ${stem}.pb.cc ${stem}.pb.h)
    set(grpc)
    if(proto IN_LIST services)
      list(APPEND made ${stem}.grpc.pb.cc ${stem}.grpc.pb.h)
      set(grpc --grpc_out=${folder} --plugin=protoc-gen-grpc=${TOOLCRIB_GRPC_PLUGIN})
    endif()
    set(depends ${TOOLCRIB_VALIDATE})
    foreach(root IN LISTS roots)
      if(EXISTS ${root}/${proto})
        list(APPEND depends ${root}/${proto})
      endif()
    endforeach()
    add_custom_command(
      OUTPUT ${made}
      # validate.proto is to be had as a descriptor only.
      COMMAND protobuf::protoc ${include} --descriptor_set_in=${TOOLCRIB_VALIDATE} --cpp_out=${folder} ${grpc} ${proto}
      DEPENDS ${depends}
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND sources ${made})
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# Has protoc-gen-toolcrib write services and clients into `folder`; answers the services in `out`.
function(toolcrib_generate_clients out folder root files)
  find_program(TOOLCRIB_PLUGIN protoc-gen-toolcrib)
  if(NOT TOOLCRIB_PLUGIN)
    message(FATAL_ERROR
      "toolcrib_add_components was given components without their services, and protoc-gen-toolcrib is not on the path. "
      "Install it (pip install 'toolcrib[codegen]'), or let `toolcrib generate <components> --out gen --cpp` write the "
      "services and clients and use the folder gen/cpp")
  endif()
  set(include -I${root})
  foreach(runtime IN LISTS TOOLCRIB_PROTO_DIRS)
    list(APPEND include -I${runtime})
  endforeach()
  # Services of components that are gone must not stay.
  file(REMOVE_RECURSE ${folder})
  file(MAKE_DIRECTORY ${folder})
  get_target_property(protoc protobuf::protoc LOCATION)
  execute_process(
    COMMAND ${protoc} ${include} --descriptor_set_in=${TOOLCRIB_VALIDATE} --plugin=protoc-gen-toolcrib=${TOOLCRIB_PLUGIN}
            --toolcrib_out=${folder} --toolcrib_opt=cpp ${files}
    RESULT_VARIABLE failed ERROR_VARIABLE said)
  if(failed)
    message(FATAL_ERROR "protoc-gen-toolcrib refuses the components:\n${said}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  file(GLOB_RECURSE services RELATIVE ${folder} ${folder}/*_service.proto)
  set(${out} ${services} PARENT_SCOPE)
endfunction()

function(toolcrib_add_components target)
  cmake_parse_arguments(PARSE_ARGV 1 given "" "ROOT" "FILES")
  if(NOT given_FILES OR given_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "toolcrib_add_components(<target> FILES <file.proto>... [ROOT <folder>])")
  endif()
  if(NOT given_ROOT)
    set(given_ROOT ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  get_filename_component(root ${given_ROOT} ABSOLUTE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.protos)
  set(clients ${root})
  set(files ${given_FILES})
  set(services ${files})
  list(FILTER services INCLUDE REGEX "_service\\.proto$")
  if(NOT services)
    set(clients ${CMAKE_CURRENT_BINARY_DIR}/${target}.clients)
    toolcrib_generate_clients(services ${clients} ${root} "${files}")
    list(APPEND files ${services})
  endif()
  set(roots ${root} ${clients} ${TOOLCRIB_PROTO_DIRS})
  list(REMOVE_DUPLICATES roots)
  toolcrib_run_protoc(sources ${folder} "${roots}" "${files}" "${services}")
  add_library(${target} STATIC ${sources})
  # Of what protoc wrote no warning is the user's to mend; the clients have none.
  target_include_directories(${target} SYSTEM PUBLIC ${folder})
  target_include_directories(${target} PUBLIC ${clients})
  target_link_libraries(${target} PUBLIC toolcrib::toolcrib)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
