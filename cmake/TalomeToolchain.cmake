# Language, warnings, sanitizers, and the faster tools where they are installed.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Werror -fstack-protector-strong $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>) # false alarms on std::string, GCC bug 105329
endif()
add_compile_definitions(_FILE_OFFSET_BITS=64)
add_link_options(-Wl,-z,relro,-z,now)

set(TALOME_SANITIZE "" CACHE STRING "address, thread or nothing")
if(TALOME_SANITIZE STREQUAL "address")
  # Without the checks of every pointer: AddressSanitizer sees what they would, and they take a third of the build's time.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr,null,alignment,object-size,pointer-overflow
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer
    -Wno-error) # instrumented code has false alarms, says the compiler's manual; what ships is built with -Werror
  add_link_options(-fsanitize=address,undefined)
elseif(TALOME_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
  add_link_options(-fsanitize=thread)
else()
  add_compile_definitions($<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif()
