// The process that the plugin is in: messages, handles, and what is lent.
#include "sdk/check/far.hpp"

#include <csignal>
#include <unistd.h>

namespace talome::check {

namespace {

constexpr std::uint32_t kFirstHandle = 1000; // numbers below are those of instances

const char* nameOf(unsigned role) {
    switch (role) {
    case kCreating:
        return "the lifecycle thread, in create()";
    case kLiving:
        return "the lifecycle thread";
    case kDestroying:
        return "the lifecycle thread, in destroy()";
    case kWorker:
        return "a worker";
    case kStrand:
        return "the strand";
    default:
        return "a thread of the plugin's own";
    }
}

void collect(void* to, talome_bytes piece) noexcept;

} // namespace

Far::Far(int main, int own, int report) : main_(main), own_(own), report_(report) {}

void Far::report(const std::string& check, const std::string& what) {
    const auto line = check + "\t" + what + "\n";
    const std::lock_guard lock(mutex_);
    if (!reported_.insert(line).second) return;
    [[maybe_unused]] const auto written = ::write(report_, line.data(), line.size()); // to nobody, if nobody is left
}

void Far::judge(const char* area, const char* function, unsigned roles) {
    const unsigned now = isMain() ? role() : unsigned{kOwn};
    if (roles & now) return;
    std::string text = std::string(area) + " " + function + "() is called by " + nameOf(now);
    if (isMain()) text += ", in " + what();
    report("threads", text);
}

Reader Far::ask(const Writer& writer) {
    try {
        if (!isMain()) {
            const std::lock_guard lock(ownMutex_);
            own_.send(writer);
            auto reply = own_.receive(-1);
            reply.get<std::uint8_t>();
            return reply;
        }
        main_.send(writer);
        for (;;) {
            auto message = main_.receive(-1);
            const auto kind = message.get<std::uint8_t>();
            if (kind == kReply) return message;
            Writer answer;
            answer.put(static_cast<std::uint8_t>(kReply));
            serveCallback(message, answer);
            main_.send(answer);
        }
    } catch (const Gone&) {
        ::_exit(0); // without its host there is nothing to go on with
    }
}

std::uint32_t Far::numberOf(const void* handle) {
    const std::lock_guard lock(mutex_);
    if (const auto it = live_.find(handle); it != live_.end()) return it->second;
    bool still = false;
    const char* was = lent.explain(handle, still);
    const auto text = was ? "uses what it was given in " + std::string(was) + ", which has returned, in " + what()
                          : "passes a handle that it was never given, in " + what();
    report("borrowed", text);
    throw Invalid(text);
}

void* Far::handleOf(std::uint32_t number, Held& held) {
    if (number == 0) return nullptr;
    const std::lock_guard lock(mutex_);
    if (number < kFirstHandle) return instances_.at(number).first;
    auto* handle = held.copy(&number, sizeof number);
    live_.emplace(handle, number);
    static_cast<FarHeld&>(held).handles_.push_back(handle);
    return handle;
}

namespace {
void collect(void* to, talome_bytes piece) noexcept {
    try {
        theFar().deliver(&collect, to, {piece.n ? static_cast<const char*>(piece.p) : "", piece.n});
    } catch (const std::bad_alloc&) {
        theFar().report("borrowed", "an answer is too large for this machine's memory");
    }
}
} // namespace

talome_sink Far::collector(Held& held, void*& to) {
    auto& text = held.collected.emplace_back();
    held.after.push_back([&text](Writer& writer) { writer.text(text); });
    to = held.copy("", 1);
    const std::lock_guard lock(mutex_);
    sinks_.emplace(to, &text);
    static_cast<FarHeld&>(held).handles_.push_back(to);
    return &collect;
}

/// To a sink of the plugin, a sink that it was given, or (without one) a talome_principal.
void Far::deliver(talome_sink sink, void* to, std::string_view text) {
    if (sink == &collect) {
        const std::lock_guard lock(mutex_);
        if (const auto it = sinks_.find(to); it != sinks_.end())
            it->second->append(text);
        else
            report("borrowed", "calls a sink when the call that it was for has returned, in " + what());
        return;
    }
    if (sink) {
        Lent::Scope scope(lent, "a sink");
        sink(to, {scope.copy(text), text.size()});
        return;
    }
    if (!to) return;
    Reader reader(text);
    talome_principal whole{};
    whole.struct_size = reader.get<std::uint32_t>();
    whole.authenticated = reader.get<std::uint32_t>();
    for (auto* each : {&whole.user_id, &whole.username, &whole.role, &whole.origin, &whole.session_id, &whole.peer,
                       &whole.user_agent})
        *each = lend(reader.text());
    std::memcpy(to, &whole, std::min<std::size_t>(whole.struct_size, sizeof whole));
}

talome_str Far::lend(std::string_view text) {
    if (held_.empty() || !isMain()) return {};
    return {held_.back()->text(text), text.size()};
}

std::uint32_t Far::note(AnyFunction function, void* user, void (*run)(), bool) {
    const std::lock_guard lock(mutex_);
    noted_.push_back({function, user, run});
    return static_cast<std::uint32_t>(noted_.size());
}

Far::Doing::Doing(Far& far, unsigned role, std::string what) : far_(far) {
    // What runs within something else (a row of a statement, the body of a transaction) is on its thread.
    far_.doing_.emplace_back(role ? role : far_.role(), std::move(what));
}
Far::Doing::~Doing() { far_.doing_.pop_back(); }

FarHeld::~FarHeld() {
    std::erase(far_.held_, this);
    const std::lock_guard lock(far_.mutex_);
    for (const auto* each : handles_) {
        far_.live_.erase(each);
        far_.sinks_.erase(each);
    }
    for (const int fd : descriptors) ::close(fd);
}

void Far::serveCallback(Reader& reader, Writer& writer) {
    const auto number = reader.get<std::uint32_t>();
    const std::string what(reader.text());
    Noted noted;
    {
        const std::lock_guard lock(mutex_);
        noted = noted_.at(number - 1);
    }
    using Run = void (*)(Far&, Reader&, Writer&, AnyFunction, void*, const std::string&);
    reinterpret_cast<Run>(noted.run)(*this, reader, writer, noted.function, noted.user, what);
}

void Far::serve(Reader& reader) {
    const auto kind = reader.get<std::uint8_t>();
    Writer answer;
    answer.put(static_cast<std::uint8_t>(kReply));
    if (kind == kCallback)
        serveCallback(reader, answer);
    else
        serveLife(reader, answer);
    main_.send(answer);
}

int Far::run() {
    try {
        for (;;) {
            auto message = main_.receive(-1);
            serve(message);
        }
    } catch (const Gone&) {
        ::_exit(0); // not through exit handlers: threads of a plugin may run still
    }
}

} // namespace talome::check
