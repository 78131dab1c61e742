# What `cmake --install` puts where, in four components: program, library, development and models. Everything finds its
# place relative to itself: the tree may be moved.
include(CMakePackageConfigHelpers)
foreach(place BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${place}}")
    message(FATAL_ERROR "CMAKE_INSTALL_${place} is absolute: what is installed finds itself below one prefix")
  endif()
endforeach()

install(TARGETS attune-program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
if(ATTUNE_BENCHMARKS)
  install(TARGETS attune-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
endif()
set(manual ${CMAKE_BINARY_DIR}/manual)
install(FILES ${manual}/attune.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${manual}/attune.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME attune
  COMPONENT program)
install(FILES ${manual}/_attune DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${manual}/attune.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
# Where embed/model.cpp looks for it, whatever CMAKE_INSTALL_DATADIR says.
install(FILES models/small.safetensors DESTINATION share/attune/models COMPONENT models)

install(TARGETS attune_shared EXPORT attuneTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
install(TARGETS attune_static EXPORT attuneTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
# CMake strips programs and shared libraries only: 135 MB of debugging information are left in this one.
install(CODE "if(CMAKE_INSTALL_DO_STRIP)
  execute_process(COMMAND ${CMAKE_STRIP} --strip-debug
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/libattune.a\" COMMAND_ERROR_IS_FATAL ANY)
endif()" COMPONENT development)
install(DIRECTORY embed/attune DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/attune)
install(EXPORT attuneTargets NAMESPACE attune:: DESTINATION ${package_folder} COMPONENT development)
configure_package_config_file(cmake/attuneConfig.cmake.in ${CMAKE_BINARY_DIR}/attuneConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/attuneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/attuneConfig.cmake ${CMAKE_BINARY_DIR}/attuneConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT development)

list(TRANSFORM ATTUNE_STATIC_LINKS PREPEND "-l" OUTPUT_VARIABLE private_links)
list(JOIN private_links " " private_links)
file(RELATIVE_PATH path_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/attune.pc.in ${CMAKE_BINARY_DIR}/attune.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/attune.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
