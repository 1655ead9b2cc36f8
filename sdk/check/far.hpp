// The process that the plugin is in: its host's tables are here, and put everything into messages. Here is seen on
// which thread a function is called, and whether something lent is used when it is lent no more.
#pragma once

#include "sdk/check/area_list.hpp"
#include "sdk/check/codec.hpp"
#include "sdk/check/lent.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace talome::check {

class FarHeld;

/// One in its process. The main thread runs everything that the host asks for; threads of the plugin's own may call
/// what may be called anywhere, over a socket of their own.
class Far : public Side {
public:
    Far(int main, int own, int report);

    /// Until the other process ends.
    int run();

    /// A function of a table. Does not return if the other process has ended.
    Reader ask(const Writer&);
    /// Notes it once if this thread must not call the function.
    void judge(const char* area, const char* function, unsigned roles);
    /// "kept", "threads", …: a name of a check, and what was seen.
    void report(const std::string& check, const std::string& what);

    std::uint32_t numberOf(const void* handle) override;
    void* handleOf(std::uint32_t number, Held&) override;
    talome_sink collector(Held&, void*& to) override;
    void deliver(talome_sink, void* to, std::string_view text) override;
    std::uint32_t note(AnyFunction, void* user, void (*run)(), bool thisCallOnly) override;
    void* stubFor(std::vector<std::uint32_t>, std::string, const Held&) override { return nullptr; }

    /// While it lives, the main thread does this.
    class Doing {
    public:
        Doing(Far& far, unsigned role, std::string what);
        ~Doing();

    private:
        Far& far_;
    };
    unsigned role() const { return doing_.empty() ? unsigned{kLiving} : doing_.back().first; }
    bool isBusy() const { return !doing_.empty(); }
    std::string what() const { return doing_.empty() ? "nothing" : doing_.back().second; }
    /// Text that stays until what the main thread does has ended.
    talome_str lend(std::string_view);

    Lent lent;

private:
    friend class FarHeld;
    struct Noted {
        AnyFunction function;
        void* user;
        void (*run)();
    };
    void serve(Reader&);
    void serveCallback(Reader&, Writer&);
    void serveLife(Reader&, Writer&);
    void load(Reader&, Writer&);
    void unload(Writer&);
    bool isMain() const { return std::this_thread::get_id() == mainThread_; }

    Socket main_, own_;
    const int report_;
    const std::thread::id mainThread_ = std::this_thread::get_id();
    std::mutex ownMutex_;                       ///< one question at a time from threads of the plugin's own
    std::recursive_mutex mutex_;                ///< of what follows
    std::map<const void*, std::uint32_t> live_; ///< handles that may be used now
    std::map<const void*, std::string*> sinks_;
    std::deque<Noted> noted_;
    std::set<std::string> reported_;
    std::vector<std::pair<unsigned, std::string>> doing_; ///< main thread
    std::vector<FarHeld*> held_;                          ///< main thread

    void* library_ = nullptr;
    std::string file_;
    const talome_plugin* plugin_ = nullptr;
    std::map<std::uint32_t, std::pair<talome_self*, void*>> instances_;
    std::vector<std::unique_ptr<Lent::Scope>> selves_; ///< never taken back
};

/// What the plugin was passed in one call.
class FarHeld : public Held {
public:
    FarHeld(Far& far, std::string what) : far_(far), scope_(far.lent, std::move(what)) { far_.held_.push_back(this); }
    ~FarHeld() override;
    void* copy(const void* data, std::size_t n) override { return scope_.copy(data, n); }

private:
    friend class Far;
    Far& far_;
    Lent::Scope scope_;
    std::vector<const void*> handles_;
};

/// The one of this process.
Far& theFar();
/// The tables that the plugin is given. Null for an area that is not in the list.
const void* farTable(std::string_view area);

} // namespace talome::check
