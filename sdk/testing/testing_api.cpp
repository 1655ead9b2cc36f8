// talome/testing.h over a House: no exception leaves it, and nothing owned crosses.
#include <talome/testing.h>

#include "host/gate/failure.hpp"
#include "sdk/manifest/fit.hpp"
#include "sdk/testing/house.hpp"

#include <Poco/Exception.h>

using namespace talome;

struct talome_testing {
    testing::House house;
    std::string first; ///< id of the plugin that is tested
};

namespace {

thread_local std::string words;

talome_status failed(talome_status status, const char* why) noexcept {
    try {
        words = why;
    } catch (const std::bad_alloc&) {
        words.clear();
    }
    return status;
}

template <class F> talome_status edge(F&& body) noexcept {
    try {
        return body();
    } catch (const gate::Failure& failure) {
        return failed(failure.status, failure.what());
    } catch (const talome::Error& error) {
        return failed(error.status, error.what());
    } catch (const Poco::Exception& error) {
        try {
            return failed(TALOME_E_INTERNAL, error.displayText().c_str());
        } catch (const std::bad_alloc&) {
            return failed(TALOME_E_INTERNAL, error.what());
        }
    } catch (const std::exception& error) {
        return failed(TALOME_E_INTERNAL, error.what());
    }
}

std::string_view view(talome_str text) { return {text.n ? text.p : "", text.n}; }
std::string_view view(talome_bytes data) { return {data.n ? static_cast<const char*>(data.p) : "", data.n}; }
talome_str str(std::string_view text) { return {text.data(), text.size()}; }
talome_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        const auto part = list.substr(0, list.find(','));
        if (!part.empty()) parts.emplace_back(part);
        list.remove_prefix(std::min(list.size(), part.size() + 1));
    }
    return parts;
}

} // namespace

extern "C" {

talome_testing* talome_testing_open(const talome_testing_options* given) {
    talome_testing* made = nullptr;
    const auto status = edge([&]() -> talome_status {
        const auto options = manifest::fit(given, "options");
        if (!options.n_plugins) throw Invalid("options.plugins", "names none");
        std::vector<std::filesystem::path> files;
        for (std::uint32_t i = 0; i < options.n_plugins; ++i) files.emplace_back(options.plugins[i]);
        const auto first = files.front().stem().string();
        made = new talome_testing{{files, options.now_ms}, first};
        return TALOME_OK;
    });
    return status < 0 ? nullptr : made;
}

void talome_testing_close(talome_testing* host) { delete host; }

talome_status talome_testing_restart(talome_testing* host) {
    return edge([&]() -> talome_status {
        host->house.restart();
        return TALOME_OK;
    });
}

void talome_testing_why(talome_sink out, void* to) { out(to, bytes(words)); }

int32_t talome_testing_caller(talome_testing* host, const char* role, const char* flags) {
    return edge([&]() -> talome_status { return host->house.caller(role ? role : "", split(flags ? flags : "")); });
}

talome_status talome_testing_user_id(talome_testing* host, int32_t caller, talome_sink out, void* to) {
    return edge([&]() -> talome_status {
        out(to, bytes(host->house.userId(caller)));
        return TALOME_OK;
    });
}

talome_status talome_testing_request(talome_testing* host, int32_t caller, const char* method, const char* target,
                                     const talome_pair* headers, uint32_t n, talome_bytes body,
                                     talome_testing_on_answer onAnswer, void* to) {
    return edge([&]() -> talome_status {
        testing::Headers sent;
        for (uint32_t i = 0; i < n; ++i) sent.emplace_back(view(headers[i].name), view(headers[i].value));
        const auto answer = host->house.request(caller, method, target, sent, view(body));
        std::vector<talome_pair> pairs;
        for (const auto& [name, value] : answer.headers) pairs.push_back({str(name), str(value)});
        onAnswer(to, answer.status, pairs.data(), static_cast<uint32_t>(pairs.size()), bytes(answer.body));
        return TALOME_OK;
    });
}

talome_status talome_testing_call(talome_testing* host, int32_t caller, const char* origin, talome_str operation,
                                  talome_bytes input, talome_sink out, void* to) {
    return edge([&]() -> talome_status {
        if (caller < 0) throw Invalid("caller", "is none");
        out(to, bytes(host->house.call(caller, origin, view(operation), view(input))));
        return TALOME_OK;
    });
}

talome_status talome_testing_set_setting(talome_testing* host, talome_str key, talome_bytes json) {
    return edge([&]() -> talome_status {
        host->house.setSetting(view(key), view(json));
        return TALOME_OK;
    });
}

int64_t talome_testing_now_ms(talome_testing* host) { return host->house.nowMs(); }

talome_status talome_testing_advance(talome_testing* host, int64_t ms) {
    return edge([&]() -> talome_status {
        host->house.advance(std::chrono::milliseconds(ms));
        return TALOME_OK;
    });
}

talome_status talome_testing_settle(talome_testing* host) {
    return edge([&]() -> talome_status {
        host->house.settle();
        return TALOME_OK;
    });
}

talome_status talome_testing_publish(talome_testing* host, talome_str topic, talome_bytes json) {
    return edge([&]() -> talome_status {
        host->house.publish(view(topic), view(json));
        return TALOME_OK;
    });
}

talome_status talome_testing_events(talome_testing* host, talome_testing_on_event onEvent, void* to) {
    return edge([&]() -> talome_status {
        for (const auto& [topic, json] : host->house.takeEvents()) onEvent(to, str(topic), bytes(json));
        return TALOME_OK;
    });
}

talome_status talome_testing_rows(talome_testing* host, const char* plugin, talome_str sql, talome_bytes values,
                                  talome_sink out, void* to) {
    return edge([&]() -> talome_status {
        const auto bound = values.n
                               ? boost::json::parse(boost::json::string_view(view(values).data(), values.n)).as_array()
                               : boost::json::array();
        const auto rows = host->house.rows(plugin ? plugin : host->first, view(sql), bound);
        out(to, bytes(boost::json::serialize(rows)));
        return TALOME_OK;
    });
}

} // extern "C"
