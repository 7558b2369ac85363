# Compiler, linker and package settings that every target of ours shares.

# Faster builds where the tools exist; nothing depends on them.
find_program(STRIA_CCACHE ccache)
if(STRIA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${STRIA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${STRIA_CCACHE})
endif()
find_program(STRIA_MOLD mold)

# What every target of ours is compiled with. Third-party headers are SYSTEM and stay silent.
add_library(stria_options INTERFACE)
add_library(stria::options ALIAS stria_options)
target_compile_options(stria_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast
  # GCC 12 sees overlaps in std::string::operator= that cannot be (its bug 105329).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety> $<$<BOOL:${STRIA_WERROR}>:-Werror>)
add_compile_options(-march=x86-64-v3 -g1 -fstack-protector-strong -fPIE)
add_link_options(-pie -Wl,-z,relro,-z,now)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -DNDEBUG")
  if(NOT STRIA_SANITIZE)
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  endif()
endif()
if(STRIA_CHECKED OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(STRIA_DCHECK_ENABLED _GLIBCXX_ASSERTIONS)
endif()
if(STRIA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(STRIA_SANITIZE)
  add_compile_options(-fsanitize=${STRIA_SANITIZE} -fno-omit-frame-pointer -O1)
  # GCC's flow analysis loses its way in instrumented code, inside <regex> for one.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_link_options(-fsanitize=${STRIA_SANITIZE})
  if(STRIA_SANITIZE MATCHES "thread")
    # GCC 12 warns about Asio's fences, which its thread sanitizer does not model.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
    add_compile_options(-Wno-tsan)
  endif()
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(roaring REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
