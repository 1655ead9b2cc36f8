// The host's tables as a plugin sees them, and statuses that become exceptions.
#pragma once

#include "abi.h"
#include "database.h"
#include "errors.hpp"
#include "events.h"
#include "fetch.h"
#include "http.h"
#include "io.h"
#include "operations.h"
#include "process.h"
#include "settings.h"
#include "tasks.h"
#include "tools.h"

#include <new>
#include <string>
#include <string_view>
#include <tuple>

namespace talome {

inline talome_str str(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline talome_bytes bytes(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view view(talome_str text) noexcept { return {text.n ? text.p : "", text.n}; }
inline std::string_view view(talome_bytes data) noexcept {
    return {data.n ? static_cast<const char*>(data.p) : "", data.n};
}

namespace detail {

template <class T> inline constexpr const char* kAreaId = nullptr;
template <> inline constexpr const char* kAreaId<talome_operations> = TALOME_OPERATIONS;
template <> inline constexpr const char* kAreaId<talome_http> = TALOME_HTTP;
template <> inline constexpr const char* kAreaId<talome_settings> = TALOME_SETTINGS;
template <> inline constexpr const char* kAreaId<talome_database> = TALOME_DATABASE;
template <> inline constexpr const char* kAreaId<talome_tasks> = TALOME_TASKS;
template <> inline constexpr const char* kAreaId<talome_events> = TALOME_EVENTS;
template <> inline constexpr const char* kAreaId<talome_io> = TALOME_IO;
template <> inline constexpr const char* kAreaId<talome_process> = TALOME_PROCESS;
template <> inline constexpr const char* kAreaId<talome_fetch> = TALOME_FETCH;
template <> inline constexpr const char* kAreaId<talome_tools> = TALOME_TOOLS;

/// What a sink collects. Nothing may be thrown through a C caller: running out of memory is told by done().
struct Collected {
    std::string text;
    bool overflow = false;
    static void take(void* to, talome_bytes piece) noexcept {
        auto& self = *static_cast<Collected*>(to);
        try {
            self.text.append(view(piece));
        } catch (const std::exception&) {
            self.overflow = true;
        }
    }
    std::string done() {
        if (overflow) throw std::bad_alloc();
        return std::move(text);
    }
};

class Areas {
public:
    Areas(const talome_host* host, talome_self* self) noexcept : host_(host), self_(self) {}

    const talome_host* host() const noexcept { return host_; }
    talome_self* self() const noexcept { return self_; }

    /// In create(): asks for the area, which makes it a need of the manifest. Throws Unsupported with its id.
    template <class T> const T* need() {
        if (const T* table = want<T>()) return table;
        throw Unsupported(std::string("this host does not offer ") + kAreaId<T>);
    }
    /// Null if the host does not offer it, or knows less of it than its first revision had.
    template <class T> const T* want() {
        auto& slot = std::get<const T*>(tables_);
        if (!slot) slot = static_cast<const T*>(host_->extension(self_, kAreaId<T>));
        if (slot && slot->struct_size < sizeof(T)) slot = nullptr;
        return slot;
    }
    /// At run time: only what was asked for in create(), so that the manifest is the whole truth.
    template <class T> const T* get() const {
        if (const T* table = std::get<const T*>(tables_)) return table;
        throw Unsupported(std::string(kAreaId<T>) +
                          " was not asked for: the plugin's constructor must say registry.needs(\"" + kAreaId<T> +
                          "\")");
    }
    /// In create(): the same by id, which may be that of an area newer than this header.
    bool ask(std::string_view id) {
        bool known = false, offered = false;
        auto one = [&]<class T>(const T*& /*slot*/) {
            if (id != kAreaId<T>) return;
            known = true;
            offered = want<T>() != nullptr;
        };
        std::apply([&](auto&... slot) { (one(slot), ...); }, tables_);
        return known ? offered : host_->extension(self_, std::string(id).c_str()) != nullptr;
    }

    /// Throws the typed exception of a failed call, with the host's words.
    void check(talome_status status) const {
        if (status >= 0) return;
        Collected words;
        host_->why(self_, &Collected::take, &words);
        raise(status, words.text.empty() ? "the host gave no reason" : words.done());
    }
    talome_status fail(talome_status status, std::string_view why) const noexcept {
        return host_->fail(self_, status < 0 ? status : TALOME_E_INTERNAL, str(why));
    }
    void log(int level, std::string_view text, std::string_view fields = {}) const noexcept {
        host_->log(self_, level, str(text), str(fields));
    }

private:
    const talome_host* host_;
    talome_self* self_;
    std::tuple<const talome_operations*, const talome_http*, const talome_settings*, const talome_database*,
               const talome_tasks*, const talome_events*, const talome_io*, const talome_process*, const talome_fetch*,
               const talome_tools*>
        tables_{};
};

} // namespace detail
} // namespace talome
