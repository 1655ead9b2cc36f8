// What a snapshot holds, written into it as manifest.json, and whether a folder is what its manifest says.
#include "host/storage/snapshot_manifest.hpp"

#include "host/storage/durable_file.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <sqlite3.h>
#include <system_error>
#include <talome/json.hpp>

namespace talome::storage {

namespace {

constexpr std::size_t kLongestManifest = 1024 * 1024;

bool isPlainName(const std::string& name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (name == kSecretFile) return true;
    return name.size() > 3 && name.size() <= 128 && name[0] != '.' && name.ends_with(".db") &&
           name.find_first_not_of(allowed) == std::string::npos;
}

struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
};

/// Read only and never locked: a finished file that lies still. Its columns of text go to `row`.
void ask(const std::filesystem::path& file, const char* sql, std::string& firstText) {
    // A URI, so that SQLite makes no -wal and no -shm beside a file that is only looked at.
    std::string uri = "file:";
    for (const char c : file.string()) {
        char escaped[4];
        std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
        uri += escaped;
    }
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2((uri + "?immutable=1").c_str(), &raw,
                                       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    const std::unique_ptr<sqlite3, Close> handle(raw);
    const auto onRow = [](void* to, int columns, char** texts, char**) {
        if (columns > 0 && texts[0]) *static_cast<std::string*>(to) = texts[0];
        return 1; // the first row is enough
    };
    const int code = opened == SQLITE_OK ? sqlite3_exec(raw, sql, onRow, &firstText, nullptr) : opened;
    if (code != SQLITE_OK && code != SQLITE_ABORT)
        throw SnapshotDamaged(file.filename().string() + ": " + (raw ? sqlite3_errmsg(raw) : sqlite3_errstr(code)));
}

} // namespace

void checkIntegrity(const std::filesystem::path& database) {
    std::string found;
    ask(database, "PRAGMA integrity_check(1)", found);
    if (found != "ok") throw SnapshotDamaged(database.filename().string() + ": " + found);
}

std::optional<std::int64_t> schemaVersionOf(const std::filesystem::path& database) {
    std::string text;
    ask(database, "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'", text);
    if (text.empty()) return std::nullopt;
    text.clear();
    ask(database, "SELECT coalesce(max(version), 0) FROM schema_migrations", text);
    return std::stoll(text);
}

SnapshotManifest readManifest(const std::filesystem::path& snapshot) {
    SnapshotManifest manifest;
    try {
        manifest = readText<SnapshotManifest>(readSmall(snapshot / kManifestFile, kLongestManifest));
    } catch (const std::exception& wrong) {
        throw SnapshotDamaged(std::string(kManifestFile) + ": " + wrong.what());
    }
    if (manifest.format != 1)
        throw SnapshotDamaged("its format " + std::to_string(manifest.format) + " is not known to this program");
    std::set<std::string> names;
    for (const auto& file : manifest.files)
        if (!isPlainName(file.name) || !names.insert(file.name).second)
            throw SnapshotDamaged(std::string(kManifestFile) + ": lists a file of the name '" + file.name + "'");
    if (!names.contains(manifest.hostFile))
        throw SnapshotDamaged(std::string(kManifestFile) + ": the host's database is not among its files");
    if (names.contains(kSecretFile) != manifest.secret)
        throw SnapshotDamaged(std::string(kManifestFile) + ": the secret is not listed as it says");
    return manifest;
}

void checkSnapshot(const std::filesystem::path& snapshot, const SnapshotManifest& manifest) {
    try {
        std::size_t found = 0;
        for (const auto& entry : std::filesystem::directory_iterator(snapshot)) {
            const auto name = entry.path().filename().string();
            if (name == kManifestFile) continue;
            const auto listed = std::any_of(manifest.files.begin(), manifest.files.end(),
                                            [&](const auto& file) { return file.name == name; });
            if (!listed) throw SnapshotDamaged(name + ": is not listed in its manifest");
            if (!entry.is_regular_file() || entry.is_symlink()) throw SnapshotDamaged(name + ": is not a file");
            ++found;
        }
        if (found != manifest.files.size()) throw SnapshotDamaged("some of its files are missing");
        for (const auto& file : manifest.files) {
            const auto path = snapshot / file.name;
            if (static_cast<std::int64_t>(std::filesystem::file_size(path)) != file.size ||
                digestOf(path) != file.sha256)
                throw SnapshotDamaged(file.name + ": is not what was written then");
            if (file.name != kSecretFile) checkIntegrity(path);
        }
    } catch (const std::system_error& error) { // of the file system
        throw SnapshotDamaged(error.what());
    }
}

} // namespace talome::storage
