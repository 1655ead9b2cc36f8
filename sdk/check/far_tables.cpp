// The tables that the plugin is given: each function puts its arguments into a message and waits for the reply.
#include "sdk/check/far.hpp"

namespace talome::check {

namespace {

/// How the plugin's process calls a function that was declared: what is lent is gone afterwards.
template <class F> struct Run;
template <class R, class... A> struct Run<R (*)(void*, A...) noexcept> {
    /// The thread of a callback can be told by what it is given.
    static constexpr unsigned role() { return (std::is_same_v<A, talome_call*> || ...) ? kWorker : kStrand; }
    static void run(Far& far, Reader& reader, Writer& writer, AnyFunction function, void* user,
                    const std::string& what) {
        FarHeld held(far, what);
        std::tuple<A...> args;
        takeFrom<-1, 0>(far, reader, held, args);
        // What runs within another call is on that call's thread.
        const Far::Doing doing(far, far.isBusy() ? 0 : role(), what);
        const auto call = [&](A... each) {
            return reinterpret_cast<R (*)(void*, A...) noexcept>(function)(user, each...);
        };
        if constexpr (std::is_void_v<R>)
            std::apply(call, args);
        else
            writer.put(std::apply(call, args));
        for (const auto& each : held.after) each(writer);
    }
};

/// An upload is not made by the checker, see near.cpp.
template <class F> constexpr bool isOfUpload = false;
template <> constexpr bool isOfUpload<talome_upload_place> = true;
template <> constexpr bool isOfUpload<talome_upload_done> = true;

void noUpload() {}

talome_status failHere(talome_status status, std::string_view why) noexcept {
    const auto& host = *static_cast<const talome_host*>(farTable("talome_host"));
    return host.fail(nullptr, status, {why.data(), why.size()});
}

template <class Table, std::size_t Index> constexpr auto& kFunction = std::get<Index>(Area<Table>::functions);

template <class Table, std::size_t AreaIndex, std::size_t Index, class F> struct Ask;
template <class Table, std::size_t AreaIndex, std::size_t Index, class R, class... A>
struct Ask<Table, AreaIndex, Index, R (*)(A...) noexcept> {
    static R call(A... args) noexcept {
        using Listed = std::remove_cvref_t<decltype(kFunction<Table, Index>)>;
        auto& far = theFar();
        far.judge(Area<Table>::id, kFunction<Table, Index>.name, kFunction<Table, Index>.roles);
        try {
            Writer writer;
            Asked asked;
            writer.put(static_cast<std::uint8_t>(kCall));
            writer.put(static_cast<std::uint32_t>(AreaIndex << 8 | Index));
            std::tuple<A...> given(args...);
            putFrom<Listed::descriptor, 0>(far, writer, asked, given);
            auto reply = far.ask(writer);
            return finish(far, reply, asked);
        } catch (const talome::Error& error) {
            if constexpr (std::is_signed_v<R>) return static_cast<R>(failHere(error.status, error.what()));
        } catch (const std::invalid_argument& error) {
            far.report("descriptors",
                       std::string(Area<Table>::id) + " " + kFunction<Table, Index>.name + "(): " + error.what());
            if constexpr (std::is_signed_v<R>) return static_cast<R>(failHere(TALOME_E_INVALID, error.what()));
        }
        if constexpr (!std::is_void_v<R> && !std::is_signed_v<R>) return R{};
    }

private:
    static R finish(Far& far, Reader& reply, Asked& asked) {
        if constexpr (std::is_void_v<R>) {
            for (const auto& each : asked.after) each(reply);
        } else if constexpr (std::is_same_v<R, talome_str>) {
            return far.lend(reply.text());
        } else if constexpr (std::is_same_v<R, talome_bytes>) {
            const auto text = far.lend(reply.text());
            return {text.p, text.n};
        } else {
            const auto result = reply.get<R>();
            for (const auto& each : asked.after) each(reply);
            return result;
        }
    }
};

template <class Table, std::size_t AreaIndex> const Table& tableOf() {
    static const Table table = [] {
        Table made{};
        made.struct_size = sizeof made;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((made.*(std::remove_cvref_t<decltype(kFunction<Table, I>)>::member) =
                  &Ask<Table, AreaIndex, I, TypeOf<Table, std::remove_cvref_t<decltype(kFunction<Table, I>)>>>::call),
             ...);
        }
        (std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<decltype(Area<Table>::functions)>>>());
        return made;
    }();
    return table;
}

const void* extension(talome_self* self, const char* id) noexcept {
    auto& far = theFar();
    if (!id) return nullptr;
    try {
        Writer writer;
        writer.put(static_cast<std::uint8_t>(kExtension));
        writer.put(far.numberOf(self));
        writer.text(id);
        if (!far.ask(writer).get<std::uint8_t>()) return nullptr;
    } catch (const talome::Error&) {
        return nullptr; // has been reported
    }
    const void* table = farTable(id);
    if (!table) far.report("areas", std::string("talome-check cannot carry ") + id + " between processes yet");
    return table;
}

} // namespace

template <class F> void (*runnerOf())() {
    if constexpr (isOfUpload<F>)
        return &noUpload;
    else
        return reinterpret_cast<void (*)()>(&Run<F>::run);
}

const void* farTable(std::string_view area) {
    if (area == Area<talome_host>::id) {
        static const talome_host host = [] {
            talome_host made = tableOf<talome_host, 0>();
            made.abi = TALOME_ABI;
            made.version = "0.1.0";
            made.extension = &extension;
            return made;
        }();
        return &host;
    }
    const void* found = nullptr;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((area == Area<std::tuple_element_t<I, AllAreas>>::id
              ? void(found = &tableOf<std::tuple_element_t<I, AllAreas>, I>())
              : void()),
         ...);
    }
    (std::make_index_sequence<kAreaCount>());
    return found;
}

} // namespace talome::check
