# attune_library(NAME SOURCES... ) and attune_options(TARGET): what every target of the project is compiled with.

add_library(attune_options INTERFACE)
target_include_directories(attune_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(attune_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
    -Werror -march=x86-64-v2 -fno-math-errno>)
if(ATTUNE_SANITIZE)
  target_compile_options(attune_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${ATTUNE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer>)
  target_link_options(attune_options INTERFACE -fsanitize=${ATTUNE_SANITIZE})
  # One vector path, the baseline, instead of three: all of them take 100 s for style_fusion_cpu.cpp alone. The other
  # presets' tests run each that the machine has.
  target_compile_definitions(attune_options INTERFACE HWY_COMPILE_ONLY_STATIC)
  # gcc warns about its own <regex> where sanitizers change what is inlined.
  target_compile_options(attune_options INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
endif()
if(ATTUNE_FUZZ)
  target_compile_options(attune_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>)
endif()

# Of what is compiled once for each vector path. Three suffice: the baseline (x86-64-v2), AVX2 and AVX-512.
set(ATTUNE_HIGHWAY_DEFINITIONS "HWY_DISABLED_TARGETS=(HWY_SSE4|HWY_AVX3_DL)")

# A static library of the project. With no sources yet it is an interface that only forwards its links.
function(attune_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LINKS;DEFINITIONS")
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC attune_options ${ARG_LINKS})
    target_compile_definitions(${name} PUBLIC ${ARG_DEFINITIONS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE attune_options ${ARG_LINKS})
  endif()
endfunction()
