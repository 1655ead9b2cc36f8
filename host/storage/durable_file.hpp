// Files that are there after a power cut, whole: synced themselves, and their names in their folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace talome::storage {

/// All throw std::system_error with the path. Any thread.

/// What was written to an existing file is on the disk.
void syncFile(const std::filesystem::path&);
/// The names in a folder are on the disk: what was made, renamed or removed in it.
void syncFolder(const std::filesystem::path&);
/// A new file of mode 0600, synced; its name is not yet. Refuses one that exists.
void writeDurably(const std::filesystem::path& file, std::string_view bytes);
/// The same with the bytes of another file. Returns their SHA-256 in hexadecimal.
std::string copyDurably(const std::filesystem::path& from, const std::filesystem::path& to);

/// SHA-256 in hexadecimal.
std::string digestOf(const std::filesystem::path& file);
/// The bytes of a file of at most `most` bytes; throws std::runtime_error if it is longer.
std::string readSmall(const std::filesystem::path& file, std::size_t most);

/// Who runs as root gives what they made to the owner of the folder in which it lies; nobody else has to.
void giveToOwnerOf(const std::filesystem::path& folder, const std::filesystem::path& made);

} // namespace talome::storage
