# The Debian packages that `cmake --build --preset cpu --target package` makes in the build folder: attune, libattune1,
# libattune-dev and attune-models, one a component of AttuneInstall.cmake.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME attune)
set(CPACK_PACKAGE_VENDOR "attune developers")
set(CPACK_PACKAGE_CONTACT "attune developers <attune@users.noreply.github.com>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL program library development models)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "https://arxiv.org/abs/2205.14058")
set(own_version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

set(about "attune recolours a foreground that was pasted into a photograph until it\n belongs to it.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME attune)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "attune-models (= ${own_version})")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "image harmonizer: the program\n ${about} This package has the program that does\n so, trains networks on own pictures and measures the kernels.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libattune${abi_version})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/debian/triggers)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "attune-models (= ${own_version})")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "image harmonizer: shared library\n ${about} This package has the library for other\n programs.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libattune-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libattune${abi_version} (= ${own_version}), libdnnl-dev, libhwy-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "image harmonizer: development files\n ${about} This package has the headers for C and\n C++, the static library and the files for CMake and pkg-config.")

set(CPACK_DEBIAN_MODELS_PACKAGE_NAME attune-models)
set(CPACK_DEBIAN_MODELS_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_MODELS_PACKAGE_ARCHITECTURE all)
set(CPACK_COMPONENT_MODELS_DESCRIPTION "image harmonizer: trained weights\n ${about} This package has the network's\n weights.")

# What Debian asks of every package.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/debian)
execute_process(COMMAND ${GZIP} -9nc ${CMAKE_CURRENT_LIST_DIR}/debian/changelog
  OUTPUT_FILE ${CMAKE_BINARY_DIR}/debian/changelog.Debian.gz COMMAND_ERROR_IS_FATAL ANY)
foreach(component program library development models)
  string(TOUPPER ${component} upper)
  set(name ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${CMAKE_CURRENT_LIST_DIR}/debian/copyright ${CMAKE_BINARY_DIR}/debian/changelog.Debian.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
  set(overrides ${CMAKE_CURRENT_LIST_DIR}/debian/${name}.lintian-overrides)
  if(EXISTS ${overrides})
    install(FILES ${overrides} DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ${name} COMPONENT ${component})
  endif()
endforeach()
install(FILES models/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/attune-models COMPONENT models)

include(CPack)
