// A whole server in a directory of its own, for tests: what stands behind talome/testing.h.
#pragma once

#include "host/gate/principal.hpp"
#include "host/server/server.hpp"
#include "sdk/testing/moved_time.hpp"

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <talome/abi.h>
#include <utility>
#include <vector>

namespace talome::testing {

struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};
using Headers = std::vector<std::pair<std::string, std::string>>;

/// A directory that is gone with it.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// The thread that makes it also ends it, moves its clock and restarts it. The rest: any thread. Everything throws
/// std::exception with words.
class House {
public:
    /// `plugins`: files NAME.so with their manifests beside them; they are copied, as an installation does.
    House(const std::vector<std::filesystem::path>& plugins, std::int64_t nowMs);
    ~House();

    void restart();

    /// The number of somebody who calls; 0 is an administrator.
    int caller(const std::string& role, const std::vector<std::string>& flags);
    std::string userId(int caller) const;

    HttpAnswer request(int caller, const std::string& method, const std::string& target, const Headers&,
                       std::string_view body, bool headOnly = false);
    /// As an administrator's call: for a function that is called past the gate.
    void withCall(const std::function<void(talome_call&)>&);
    /// Throws gate::Failure as the operation does.
    std::string call(int caller, const char* origin, std::string_view operation, std::string_view input);
    void setSetting(std::string_view key, std::string_view json);

    std::int64_t nowMs() const { return time_.epochMs(); }
    void advance(std::chrono::milliseconds);
    void settle(); ///< until nothing runs that the host has begun for a plugin

    void publish(std::string_view topic, std::string_view json);
    std::vector<std::pair<std::string, std::string>> takeEvents(); ///< topic and JSON

    boost::json::array rows(const std::string& plugin, std::string_view sql, const boost::json::array& values) const;

    Server& server() { return *server_; }
    std::filesystem::path pluginDirectory() const { return folder_.path() / "plugins"; }

private:
    struct Caller {
        std::string userId; ///< empty: nobody who has logged in
        std::string token;
        std::int64_t madeAt = 0;
    };
    void start();
    void stop();
    void requireActive();
    std::string tokenOf(int caller);
    void makeUser(Caller&, const std::string& role, const std::vector<std::string>& flags);
    bool isAtRest() const;

    Folder folder_;
    MovedTime time_;
    std::vector<std::string> plugins_;
    std::unique_ptr<Server> server_;
    std::uint64_t listening_ = 0;
    mutable std::mutex mutex_; ///< of what follows
    std::vector<Caller> callers_;
    std::vector<std::pair<std::string, std::string>> events_;
};

} // namespace talome::testing
