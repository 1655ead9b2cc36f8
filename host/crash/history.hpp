// What is known of crashes: in whose code, where, how often. A plugin that crashes again and again is held back.
#pragma once

#include "host/storage/database.hpp"

#include <boost/describe.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace talome::crash {

/// One, as `GET /api/plugins/{id}` shows it.
struct CrashInfo {
    std::string at;        ///< RFC 3339
    std::string signal;    ///< "SIGSEGV"
    std::string address;   ///< that could not be read, written or run: "0x0"
    std::string operation; ///< or task, topic, lifecycle function; empty: in a thread of the plugin's own
    std::string caller;    ///< the operation around it, of whichever plugin; empty: none
    std::string module;    ///< file in which the instruction lies
    std::string offset;    ///< of the instruction in it, for addr2line
    std::string version;   ///< of the host
};
BOOST_DESCRIBE_STRUCT(CrashInfo, (), (at, signal, address, operation, caller, module, offset, version))

/// Why a plugin is held back.
struct Quarantine {
    std::vector<CrashInfo> crashes; ///< the newest of those that led to it first
    std::string words() const;      ///< when, where, and what to do
};

/// Of one plugin's code so many crashes, the first and the last not farther apart, lead to quarantine at the next
/// start.
struct Rule {
    std::size_t crashes = 2;
    std::chrono::milliseconds within = std::chrono::minutes(10); ///< 0: none is ever held back
};

/// Any thread.
class History {
public:
    /// Reads the records since the last start, keeps them in host.db, logs them, and empties the file. What cannot be
    /// kept stays in the file.
    History(storage::Database& host, const std::filesystem::path& file, Rule);

    std::optional<Quarantine> quarantine(const std::string& plugin) const;
    /// Somebody enables it again: its crashes so far count no more.
    void clear(const std::string& plugin);
    /// The newest first, twenty at most; an empty id: the host's own.
    std::vector<CrashInfo> crashes(const std::string& plugin) const;

private:
    storage::Database& database_;
    const Rule rule_;
};

} // namespace talome::crash
