// A plugin's test is doctest and one object:
//
//     TEST_CASE("greets") {
//         talome::testing::Host host;                              // the plugin of talome_add_plugin_test()
//         CHECK(host.get("/api/greeter/hello?name=Ann").json.at("text") == "Hello, Ann");
//         host.setSetting("greeter_word", "Hi");
//         CHECK(host.as("member").get("/api/greeter/hello?name=Ann").json.at("text") == "Hi, Ann");
//         host.advance(1h);                                        // its task has run
//     }
//
// The host is the server itself, in this process, with its state in a directory of its own; see testing.h.
#pragma once

#include "areas.hpp"
#include "testing.h"

#include <boost/json.hpp>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace talome::testing {

struct Answer {
    int status = 0;
    std::string body;
    boost::json::value json; ///< of the body; null if it is none
    std::vector<std::pair<std::string, std::string>> headers;

    /// Empty if there is none. The name as it is sent: "Content-Type".
    std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers)
            if (key == name) return value;
        return {};
    }
};

struct Event {
    std::string topic;
    boost::json::value json;
};

namespace detail {

using talome::detail::Collected;

/// Throws the typed exception of errors.hpp that the status stands for.
inline std::int32_t check(std::int32_t status) {
    if (status >= 0) return status;
    Collected words;
    talome_testing_why(&Collected::take, &words);
    raise(status, words.done());
}

inline boost::json::value parse(std::string_view text) {
    boost::system::error_code error;
    auto value = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
    return error ? boost::json::value() : value;
}

} // namespace detail

/// Somebody who makes requests and calls. Valid as long as its host.
class Caller {
public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    Caller(talome_testing* host, std::int32_t number, std::string origin = {})
        : host_(host), number_(number), origin_(std::move(origin)) {}

    /// An HTTP request. A body that is an object or a list is sent as JSON, a text as it is.
    Answer request(std::string_view method, std::string_view target, const boost::json::value& body = nullptr,
                   const Headers& headers = {}) const {
        std::vector<talome_pair> pairs;
        for (const auto& [name, value] : headers) pairs.push_back({str(name), str(value)});
        std::string text;
        if (body.is_string())
            text = std::string(body.get_string());
        else if (!body.is_null())
            text = boost::json::serialize(body);
        Answer answer;
        detail::check(talome_testing_request(host_, number_, std::string(method).c_str(), std::string(target).c_str(),
                                             pairs.data(), static_cast<std::uint32_t>(pairs.size()), bytes(text), &take,
                                             &answer));
        answer.json = detail::parse(answer.body);
        return answer;
    }
    Answer get(std::string_view target, const Headers& headers = {}) const {
        return request("GET", target, nullptr, headers);
    }
    Answer post(std::string_view target, const boost::json::value& body = nullptr) const {
        return request("POST", target, body);
    }
    Answer put(std::string_view target, const boost::json::value& body) const { return request("PUT", target, body); }
    Answer patch(std::string_view target, const boost::json::value& body) const {
        return request("PATCH", target, body);
    }
    Answer del(std::string_view target) const { return request("DELETE", target); }

    /// Calls an operation through the gate, as another plugin does. What fails is thrown: NotFound, Invalid, …
    boost::json::value call(std::string_view operation, const boost::json::value& input = boost::json::object()) const {
        detail::Collected out;
        const auto text = boost::json::serialize(input);
        detail::check(talome_testing_call(host_, number_, origin_.empty() ? nullptr : origin_.c_str(), str(operation),
                                          bytes(text), &detail::Collected::take, &out));
        return detail::parse(out.done());
    }

    /// The same person's helper: "mcp", "chat", "automation", "webhook", "bot", "agent". Of its calls, not its
    /// requests.
    Caller through(std::string_view origin) const { return {host_, number_, std::string(origin)}; }

    std::string userId() const {
        detail::Collected out;
        detail::check(talome_testing_user_id(host_, number_, &detail::Collected::take, &out));
        return out.done();
    }

protected:
    talome_testing* host_;

private:
    static void take(void* to, std::int32_t status, const talome_pair* headers, std::uint32_t n,
                     talome_bytes body) noexcept { // running out of memory ends the test
        auto& answer = *static_cast<Answer*>(to);
        answer.status = status;
        answer.body = std::string(view(body));
        for (std::uint32_t i = 0; i < n; ++i)
            answer.headers.emplace_back(view(headers[i].name), view(headers[i].value));
    }

    std::int32_t number_;
    std::string origin_;
};

struct Options {
    std::chrono::system_clock::time_point now{}; ///< what the clock says; the epoch: what it is
    std::vector<std::string> with{};             ///< more plugins that it needs: files NAME.so
};

/// The host, and its administrator as a Caller. The thread that makes it also ends it and moves its clock.
class Host : public Caller {
public:
#ifdef TALOME_TEST_PLUGIN
    explicit Host(const Options& options = {}) : Host(TALOME_TEST_PLUGIN, options) {}
#endif
    /// `plugin`: the file NAME.so, with NAME.plugin.json beside it. Throws with the reason if it does not start.
    explicit Host(const std::string& plugin, const Options& options = {}) : Caller(open(plugin, options), 0) {}
    ~Host() { talome_testing_close(host_); }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Somebody else: "admin", or "member" with these feature flags and no others.
    Caller as(std::string_view role, std::initializer_list<std::string_view> flags = {}) {
        std::string list;
        for (const auto flag : flags) list += (list.empty() ? "" : ",") + std::string(flag);
        return {host_, detail::check(talome_testing_caller(host_, std::string(role).c_str(), list.c_str()))};
    }
    /// Somebody who has not logged in.
    Caller stranger() { return as(""); }

    /// As an administrator does it: throws Invalid if the schema or the plugin refuses. Null: back to the default.
    void setSetting(std::string_view key, const boost::json::value& value) {
        detail::check(talome_testing_set_setting(host_, str(key), bytes(boost::json::serialize(value))));
    }

    std::int64_t nowMs() const { return talome_testing_now_ms(host_); }
    /// The clock stands still but for this. What becomes due on the way (tasks by interval and by cron, and what the
    /// host itself does in time) runs at its own time, one after the other, and has ended when it returns.
    void advance(std::chrono::milliseconds by) { detail::check(talome_testing_advance(host_, by.count())); }
    /// Until what was set off has run: events that are under way, a task that was woken without a delay.
    void settle() { detail::check(talome_testing_settle(host_)); }

    /// As another plugin does it; subscribers have heard it when this returns.
    void publish(std::string_view topic, const boost::json::value& event) {
        detail::check(talome_testing_publish(host_, str(topic), bytes(boost::json::serialize(event))));
    }
    /// What was published since the last call of this, the oldest first; `prefix`: only topics that begin so.
    std::vector<Event> events(std::string_view prefix = {}) {
        std::vector<Event> all;
        detail::check(talome_testing_events(host_, &take, &all));
        std::erase_if(all, [&](const Event& event) { return !event.topic.starts_with(prefix); });
        return all;
    }

    /// Rows of the plugin's database, an object each: `host.rows("SELECT * FROM greeted WHERE name = ?", {"Ann"})`.
    boost::json::array rows(std::string_view sql, const boost::json::array& values = {}) const {
        detail::Collected out;
        detail::check(talome_testing_rows(host_, nullptr, str(sql), bytes(boost::json::serialize(values)),
                                          &detail::Collected::take, &out));
        return detail::parse(out.done()).as_array();
    }

    /// Everything ends and begins again on the same data.
    void restart() { detail::check(talome_testing_restart(host_)); }

private:
    static talome_testing* open(const std::string& plugin, const Options& options) {
        std::vector<const char*> files{plugin.c_str()};
        for (const auto& file : options.with) files.push_back(file.c_str());
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(options.now.time_since_epoch()).count();
        const talome_testing_options given{sizeof given, static_cast<std::uint32_t>(files.size()), files.data(), now};
        if (auto* host = talome_testing_open(&given)) return host;
        detail::Collected words;
        talome_testing_why(&detail::Collected::take, &words);
        throw std::runtime_error(words.done());
    }
    static void take(void* to, talome_str topic, talome_bytes json) noexcept {
        static_cast<std::vector<Event>*>(to)->push_back({std::string(view(topic)), detail::parse(view(json))});
    }
};

} // namespace talome::testing
