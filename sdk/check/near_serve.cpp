// The process that the host is in: what the plugin asks of its host, and what the host asks of the plugin.
#include "sdk/check/near.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace talome::check {

namespace {

template <class R> R without() {
    if constexpr (std::is_same_v<R, std::int32_t>)
        return TALOME_E_UNAVAILABLE;
    else if constexpr (!std::is_void_v<R>)
        return R{};
}

/// Stands for a function of the plugin. Uploads are not made by the checker: their files would have to cross as well.
template <class F, std::size_t Index> struct Thunk;
template <std::size_t Index, class R, class... A> struct Thunk<R (*)(void*, A...) noexcept, Index> {
    static R call(void* user, A... args) noexcept {
        auto& stub = *static_cast<Stub*>(user);
        if constexpr ((std::is_same_v<A, const talome_upload*> || ...) ||
                      (std::is_same_v<A, const talome_upload_part*> || ...)) {
            return TALOME_E_UNSUPPORTED;
        } else {
            const auto lane = stub.near->lane();
            try {
                const Near::Passing passing(*stub.near);
                std::tuple<A...> given(args...);
                if constexpr (std::is_same_v<R (*)(void*, A...) noexcept, talome_ready>)
                    std::get<0>(given) = stub.descriptor;
                Writer writer;
                Asked asked;
                writer.put(static_cast<std::uint8_t>(kCallback));
                writer.put(stub.numbers[Index]);
                writer.text(stub.name);
                putFrom<-1, 0>(*stub.near, writer, asked, given);
                auto reply = stub.near->callBack(stub.name, writer);
                if constexpr (std::is_void_v<R>) {
                    for (const auto& each : asked.after) each(reply);
                } else {
                    const auto result = reply.get<R>();
                    for (const auto& each : asked.after) each(reply);
                    return result;
                }
            } catch (const std::exception&) { // its process is gone, and the checker knows why
                return without<R>();
            }
        }
    }
};

class NearHeld : public Held {
public:
    ~NearHeld() override {
        for (const int fd : descriptors) ::close(fd);
    }
    void* copy(const void* data, std::size_t n) override {
        auto& room = rooms_.emplace_back(std::make_unique<std::max_align_t[]>(n / sizeof(std::max_align_t) + 1));
        if (n) std::memcpy(room.get(), data, n); // an empty list has no place
        return room.get();
    }

private:
    std::vector<std::unique_ptr<std::max_align_t[]>> rooms_;
};

template <class Table, std::size_t AreaIndex, std::size_t Index, class F> struct Serve;
template <class Table, std::size_t AreaIndex, std::size_t Index, class R, class... A>
struct Serve<Table, AreaIndex, Index, R (*)(A...) noexcept> {
    static void run(Near& near, Reader& reader, Writer& writer) {
        using Listed = std::remove_cvref_t<decltype(std::get<Index>(Area<Table>::functions))>;
        NearHeld held;
        std::tuple<A...> args;
        takeFrom<Listed::descriptor, 0>(near, reader, held, args);
        const auto* table = static_cast<const Table*>(near.table(AreaIndex));
        const auto function = table->*(Listed::member);
        if constexpr (std::is_void_v<R>) {
            std::apply(function, args);
        } else if constexpr (std::is_same_v<R, talome_str> || std::is_same_v<R, talome_bytes>) {
            const auto text = std::apply(function, args);
            writer.text({text.n ? static_cast<const char*>(text.p) : "", text.n});
        } else {
            const R result = std::apply(function, args);
            writer.put(result);
            if constexpr (std::is_same_v<R (*)(A...) noexcept, decltype(talome_io::watch)>)
                if (result >= 0) { // what is watched stays open here until it is not
                    near.keepWatched(*std::get<5>(args), held.descriptors.back());
                    held.descriptors.pop_back();
                }
        }
        for (const auto& each : held.after) each(writer);
    }
};

using ServeFunction = void (*)(Near&, Reader&, Writer&);

template <class Table, std::size_t AreaIndex> ServeFunction serverOf(std::size_t index) {
    ServeFunction found = nullptr;
    constexpr auto count = std::tuple_size_v<std::remove_cvref_t<decltype(Area<Table>::functions)>>;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((index == I
              ? void(found =
                         &Serve<Table, AreaIndex, I,
                                TypeOf<Table, std::remove_cvref_t<decltype(std::get<I>(Area<Table>::functions))>>>::run)
              : void()),
         ...);
    }
    (std::make_index_sequence<count>());
    return found;
}

ServeFunction serverOf(std::size_t area, std::size_t index) {
    ServeFunction found = nullptr;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((area == I ? void(found = serverOf<std::tuple_element_t<I, AllAreas>, I>(index)) : void()), ...);
    }
    (std::make_index_sequence<kAreaCount>());
    return found;
}

std::size_t areaNamed(std::string_view id) {
    std::size_t found = kAreaCount;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((id == Area<std::tuple_element_t<I, AllAreas>>::id ? void(found = I) : void()), ...);
    }
    (std::make_index_sequence<kAreaCount>());
    return found;
}

constexpr std::size_t kUnwatch = areaNumber<talome_io>() << 8 | 2;

/// The one whose plugin is being loaded, or runs.
Near* current = nullptr;

} // namespace

template <class F, std::size_t Index> F thunkOf() { return &Thunk<F, Index>::call; }

void Near::serveExtension(Reader& reader, Writer& writer) {
    const auto number = reader.get<std::uint32_t>();
    const std::string id(reader.text());
    const void* found = nullptr;
    {
        const std::lock_guard lock(mutex_);
        const auto& instance = instances_.at(number);
        if (!hidden.contains(id)) found = instance.host->extension(instance.self, id.c_str());
        if (const auto area = areaNamed(id); found && area < kAreaCount) tables_[area] = found;
    }
    writer.put(static_cast<std::uint8_t>(found != nullptr));
}

void Near::serve(std::uint8_t kind, Reader& reader, Writer& writer) {
    if (kind == kExtension) return serveExtension(reader, writer);
    const auto number = reader.get<std::uint32_t>();
    const auto function = serverOf(number >> 8, number & 255);
    if (kind != kCall || !function || !table(number >> 8)) throw Gone("asks for what is not there");
    std::uint64_t watched = 0;
    if (number == kUnwatch) {
        auto copy = reader;
        copy.get<std::uint32_t>();
        watched = copy.get<std::uint64_t>();
    }
    function(*this, reader, writer);
    if (watched) endWatched(watched);
}

/// What threads of the plugin's own ask. Nothing of this waits for the plugin.
void Near::serveOwnThreads() {
    try {
        for (;;) {
            auto message = own_->receive(-1);
            const auto kind = message.get<std::uint8_t>();
            Writer answer;
            answer.put(static_cast<std::uint8_t>(kReply));
            serve(kind, message, answer);
            own_->send(answer);
        }
    } catch (const std::exception&) {
        return; // its process has ended
    }
}

const void* Near::table(std::size_t area) const {
    const std::lock_guard lock(mutex_);
    return tables_[area];
}

bool Near::isAlive() const {
    const std::lock_guard lock(mutex_);
    return process_ >= 0;
}

void Near::endWatched(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto it = watched_.find(number);
    if (it == watched_.end()) return;
    ::close(it->second);
    watched_.erase(it);
}

std::uint32_t Near::numberOf(const void* handle) {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, instance] : instances_)
        if (instance.self == handle) return number;
    handles_.emplace(nextHandle_, handle);
    return nextHandle_++;
}

void* Near::handleOf(std::uint32_t number, Held&) {
    if (!number) return nullptr;
    const std::lock_guard lock(mutex_);
    if (const auto it = instances_.find(number); it != instances_.end()) return it->second.self;
    const auto it = handles_.find(number);
    if (it == handles_.end()) throw Gone("uses a handle that is not valid any more");
    return const_cast<void*>(it->second);
}

Near::Passing::Passing(Near& near) : near_(near) {
    const std::lock_guard lock(near_.mutex_);
    from_ = near_.nextHandle_;
}

Near::Passing::~Passing() {
    const std::lock_guard lock(near_.mutex_);
    near_.handles_.erase(near_.handles_.lower_bound(from_), near_.handles_.end());
}

talome_sink Near::collector(Held& held, void*& to) {
    auto& text = held.collected.emplace_back();
    held.after.push_back([&text](Writer& writer) { writer.text(text); });
    to = &text;
    return [](void* into, talome_bytes piece) noexcept {
        if (piece.n) static_cast<std::string*>(into)->append(static_cast<const char*>(piece.p), piece.n);
    };
}

void* Near::stubFor(std::vector<std::uint32_t> numbers, std::string name, const Held& held) {
    const std::lock_guard lock(mutex_);
    return &stubs_.emplace_back(
        Stub{this, std::move(numbers), name.empty() ? "a callback" : std::move(name), held.lastNumber});
}

talome_status Near::life(Life step, std::uint32_t instance, const char* what) {
    const auto turn = lane();
    Writer writer;
    writer.put(static_cast<std::uint8_t>(kLife));
    writer.put(static_cast<std::uint8_t>(step));
    writer.put(instance);
    talome_status status = TALOME_E_UNAVAILABLE;
    try {
        status = callBack(what, writer).get<talome_status>();
    } catch (const Gone&) {
        status = TALOME_E_UNAVAILABLE; // the checker knows why
    }
    if (step == Life::destroy || (step == Life::create && status < 0)) {
        const std::lock_guard lock(mutex_);
        instances_.erase(instance);
    }
    return status;
}

std::size_t Near::instances() const {
    const std::lock_guard lock(mutex_);
    return instances_.size();
}

talome_status Near::create(const talome_host* host, talome_self* self, void** instance) {
    std::uint32_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = nextInstance_++;
        instances_[number] = {self, host};
        tables_[0] = host;
    }
    *instance = reinterpret_cast<void*>(static_cast<std::uintptr_t>(number));
    return life(Life::create, number, "create()");
}

talome_status Near::invoke(const std::string& operation, talome_call& call, std::string_view input,
                           std::string& answer) {
    Stub* stub = nullptr;
    {
        const std::lock_guard lock(mutex_);
        for (auto& each : stubs_) // the latest generation's
            if (each.name == operation) stub = &each;
    }
    if (!stub) throw std::runtime_error(operation + " is not declared");
    const auto collect = [](void* to, talome_bytes piece) noexcept {
        if (piece.n) static_cast<std::string*>(to)->append(static_cast<const char*>(piece.p), piece.n);
    };
    return Thunk<talome_invoke, 0>::call(stub, &call, {input.data(), input.size()}, collect, &answer);
}

const talome_plugin* Near::descriptor() {
    static const auto numberOf = [](void* plugin) noexcept {
        return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(plugin));
    };
    made_ = {sizeof made_,
             TALOME_ABI,
             id_.c_str(),
             version_.c_str(),
             summary_.c_str(),
             flags_ & TALOME_CAN_UNLOAD,
             0,
             [](const talome_host* host, talome_self* self, void** plugin) noexcept {
                 return current->create(host, self, plugin);
             },
             [](void* plugin) noexcept { return current->life(Life::start, numberOf(plugin), "start()"); },
             [](void* plugin) noexcept { return current->life(Life::activate, numberOf(plugin), "activate()"); },
             [](void* plugin) noexcept { current->life(Life::quiesce, numberOf(plugin), "quiesce()"); },
             [](void* plugin) noexcept { current->life(Life::stop, numberOf(plugin), "stop()"); },
             [](void* plugin) noexcept { current->life(Life::destroy, numberOf(plugin), "destroy()"); }};
    current = this;
    return &made_;
}

} // namespace talome::check

const talome_plugin* talome_check_descriptor() { return talome::check::current->descriptor(); }
