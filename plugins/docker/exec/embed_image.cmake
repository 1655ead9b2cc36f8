# Writes IMAGE, the archive of an image with PROGRAM as /end and nothing else, as C++ into OUTPUT.
# cmake -DPROGRAM=… -DDIRECTORY=… -DOUTPUT=… -P embed_image.cmake
file(REMOVE_RECURSE ${DIRECTORY})
file(MAKE_DIRECTORY ${DIRECTORY})
file(COPY ${PROGRAM} DESTINATION ${DIRECTORY})
get_filename_component(name ${PROGRAM} NAME)
file(RENAME ${DIRECTORY}/${name} ${DIRECTORY}/end)
file(CHMOD ${DIRECTORY}/end PERMISSIONS OWNER_READ OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
file(SHA256 ${DIRECTORY}/end digest)
string(SUBSTRING ${digest} 0 16 tag)
execute_process(COMMAND ${CMAKE_COMMAND} -E tar cf image.tar --format=gnutar "--mtime=2026-01-01 00:00:00" end
  WORKING_DIRECTORY ${DIRECTORY} COMMAND_ERROR_IS_FATAL ANY)
file(READ ${DIRECTORY}/image.tar hex HEX)
string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "#include \"exec/exec_ender.hpp\"\n\nnamespace talome::docker {\n\n\
const char* const kEnderTag = \"${tag}\";\n\n\
static constexpr unsigned char kArchive[] = {\n${bytes}};\n\n\
std::string_view enderArchive() { return {reinterpret_cast<const char*>(kArchive), sizeof kArchive}; }\n\n\
} // namespace talome::docker\n")
