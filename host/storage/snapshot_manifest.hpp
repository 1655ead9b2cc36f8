// What a snapshot holds, written into it as manifest.json, and whether a folder is what its manifest says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

namespace talome::storage {

struct SnapshotFile {
    std::string name;                          ///< within the snapshot, no path
    std::int64_t size;                         ///< bytes
    std::string sha256;                        ///< hexadecimal
    std::optional<std::int64_t> schemaVersion; ///< of its last migration; none: the file has no migrations
};
BOOST_DESCRIBE_STRUCT(SnapshotFile, (), (name, size, sha256, schemaVersion))

struct SnapshotManifest {
    int format = 1;
    std::string createdAt; ///< ISO-8601, UTC
    std::string reason;    ///< "daily", "manual", or why else it was made
    std::string version;   ///< of the program that made it
    std::string hostFile;  ///< the one of `files` that is host.db, whatever its name was
    bool secret = false;   ///< talome.secret is among `files`; false: the server had it from its environment
    std::vector<SnapshotFile> files;
};
BOOST_DESCRIBE_STRUCT(SnapshotManifest, (), (format, createdAt, reason, version, hostFile, secret, files))

inline constexpr const char* kSecretFile = "talome.secret";
inline constexpr const char* kManifestFile = "manifest.json";

/// It is not whole, or not what it was; the words say which file and why.
struct SnapshotDamaged : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Throws SnapshotDamaged unless manifest.json is there, can be read and names plain files only.
SnapshotManifest readManifest(const std::filesystem::path& snapshot);
/// The folder holds what the manifest lists, neither less nor more, byte for byte, and the databases are sound.
/// Throws SnapshotDamaged.
void checkSnapshot(const std::filesystem::path& snapshot, const SnapshotManifest&);

/// PRAGMA integrity_check of a database that nobody writes. Throws SnapshotDamaged with the first of what it found.
void checkIntegrity(const std::filesystem::path& database);
std::optional<std::int64_t> schemaVersionOf(const std::filesystem::path& database);

} // namespace talome::storage
