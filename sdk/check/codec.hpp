// The arguments of a C function as a message, and back. It knows the kinds of arguments that the ABI has, and no
// function: a new area needs its line in area_list.hpp and the fields of its structs.
#pragma once

#include "sdk/check/fields.hpp"
#include "sdk/check/wire.hpp"
#include "sdk/manifest/fit.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <talome/database.h>
#include <talome/io.h>
#include <tuple>
#include <vector>

namespace talome::check {

/// What the host calls: any function pointer, its first argument left to the one who knows it.
using AnyFunction = void (*)();

/// The side that calls: what has to be done with the reply, in order.
struct Asked {
    std::vector<std::function<void(Reader&)>> after;
};

/// The side that is called: memory for what was received, until the function has returned.
class Held {
public:
    virtual ~Held() = default;
    virtual void* copy(const void* data, std::size_t n) = 0;
    const char* text(std::string_view from) { return static_cast<const char*>(copy(from.data(), from.size())); }
    const char* terminated(std::string_view from) {
        const std::string whole(from);
        return static_cast<const char*>(copy(whole.c_str(), whole.size() + 1));
    }

    std::vector<std::function<void(Writer&)>> after; ///< what the reply holds, in order
    std::deque<std::string> collected;
    std::vector<int> descriptors; ///< that were received
    std::int32_t lastNumber = -1; ///< of the last descriptor, in the process that sent it
};

/// One of the two processes.
class Side {
public:
    virtual ~Side() = default;
    /// Opaque pointers as numbers; 0 is null.
    virtual std::uint32_t numberOf(const void* handle) = 0;
    virtual void* handleOf(std::uint32_t number, Held&) = 0;
    /// A sink of this side, for a callee on this side.
    virtual talome_sink collector(Held&, void*& to) = 0;
    /// Gives a callee's answer to the sink that it is for.
    virtual void deliver(talome_sink, void* to, std::string_view text) = 0;
    /// In the plugin's process: a function that the host may call from now on. 0 is null.
    virtual std::uint32_t note(AnyFunction, void* user, void (*run)(), bool thisCallOnly) = 0;
    /// In the host's process: what stands for the functions of those numbers.
    virtual void* stubFor(std::vector<std::uint32_t> numbers, std::string name, const Held&) = 0;
};

template <class T> constexpr bool isOpaque = std::is_same_v<T, talome_self> || std::is_same_v<T, talome_call> ||
                                             std::is_same_v<T, talome_exchange> || std::is_same_v<T, talome_upload> ||
                                             std::is_same_v<T, talome_transaction>;

template <class F> void (*runnerOf())();           ///< in far_run.hpp: how the plugin's process calls an F
template <class F, std::size_t Index> F thunkOf(); ///< in near.cpp: what the host's process calls instead

inline void put(Writer& writer, const talome_value& value) {
    writer.put(value.type);
    if (value.type == TALOME_TEXT || value.type == TALOME_BLOB)
        writer.text({value.as.text.n ? value.as.text.p : "", value.as.text.n});
    else
        writer.put(value.as.integer);
}
inline void put(Writer& writer, const talome_pair& pair) {
    writer.text({pair.name.n ? pair.name.p : "", pair.name.n});
    writer.text({pair.value.n ? pair.value.p : "", pair.value.n});
}
inline void take(Reader& reader, Held& held, talome_value& value) {
    value = {};
    value.type = reader.get<std::int32_t>();
    if (value.type == TALOME_TEXT || value.type == TALOME_BLOB) {
        const auto text = reader.text();
        value.as.text = {held.text(text), text.size()};
    } else {
        value.as.integer = reader.get<std::int64_t>();
    }
}
inline void take(Reader& reader, Held& held, talome_pair& pair) {
    const auto name = reader.text(), value = reader.text();
    pair = {{held.text(name), name.size()}, {held.text(value), value.size()}};
}

inline void put(Writer& writer, const talome_str& text) { writer.text({text.n ? text.p : "", text.n}); }
inline void put(Writer& writer, std::int32_t value) { writer.put(value); }
inline void take(Reader& reader, Held& held, talome_str& value) {
    const auto text = reader.text();
    value = {held.text(text), text.size()};
}
inline void take(Reader& reader, Held&, std::int32_t& value) { value = reader.get<std::int32_t>(); }

/// Puts the fields of a struct.
class FieldsIn {
public:
    FieldsIn(Side& side, Writer& writer, Asked& asked) : side_(side), writer_(writer), asked_(asked) {}

    template <class... T> void operator()(T&... each) { (one(each), ...); }
    template <class T> void list(const T* const* items, std::uint32_t n) {
        writer_.put(n);
        for (std::uint32_t i = 0; i < n; ++i) {
            T copy = manifest::fit(items[i], "a list");
            fields(*this, copy);
        }
    }
    template <class T> void array(const T* items, std::uint32_t n) {
        writer_.put(n);
        for (std::uint32_t i = 0; i < n; ++i) put(writer_, items[i]);
    }
    void descriptor(int fd) { writer_.descriptor(fd); }
    void descriptors(const std::int32_t* fds, std::uint32_t n) {
        for (std::uint32_t i = 0; i < n; ++i) writer_.descriptor(fds[i]);
    }
    void sink(talome_sink out, void* to) {
        writer_.put(static_cast<std::uint8_t>(out != nullptr));
        asked_.after.push_back([&side = side_, out, to](Reader& reader) {
            const auto text = reader.text();
            if (out && !text.empty()) side.deliver(out, to, text);
        });
    }
    template <class... F> void functions(const char* name, void* user, F... each) {
        writer_.text(name ? name : "");
        (writer_.put(each ? side_.note(reinterpret_cast<AnyFunction>(each), user, runnerOf<F>(), false) : 0u), ...);
    }

private:
    template <class T> void one(T& value) {
        if constexpr (std::is_same_v<T, const char*>)
            writer_.maybe(value);
        else if constexpr (std::is_same_v<T, talome_str> || std::is_same_v<T, talome_bytes>)
            writer_.text({value.n ? static_cast<const char*>(value.p) : "", value.n});
        else
            writer_.put(value);
    }

    Side& side_;
    Writer& writer_;
    Asked& asked_;
};

/// Takes them out again.
class FieldsOut {
public:
    FieldsOut(Side& side, Reader& reader, Held& held) : side_(side), reader_(reader), held_(held) {}

    template <class... T> void operator()(T&... each) { (one(each), ...); }
    template <class T> void list(const T* const*& items, std::uint32_t& n) {
        n = reader_.get<std::uint32_t>();
        std::vector<const T*> pointers;
        for (std::uint32_t i = 0; i < n; ++i) {
            T item{};
            item.struct_size = sizeof item;
            fields(*this, item);
            pointers.push_back(static_cast<const T*>(held_.copy(&item, sizeof item)));
        }
        items = static_cast<const T* const*>(held_.copy(pointers.data(), pointers.size() * sizeof(const T*)));
    }
    template <class T> void array(const T*& items, std::uint32_t& n) {
        n = reader_.get<std::uint32_t>();
        std::vector<T> all(n);
        for (auto& each : all) take(reader_, held_, each);
        items = static_cast<const T*>(held_.copy(all.data(), n * sizeof(T)));
    }
    /// As many as the array before them.
    void descriptors(const std::int32_t*& fds, std::uint32_t n) {
        std::vector<std::int32_t> all(n);
        for (auto& each : all) descriptor(each);
        fds = static_cast<const std::int32_t*>(held_.copy(all.data(), n * sizeof(std::int32_t)));
    }
    void descriptor(int& fd) {
        fd = reader_.descriptor(&held_.lastNumber);
        if (fd >= 0) held_.descriptors.push_back(fd);
    }
    void sink(talome_sink& out, void*& to) {
        const bool wanted = reader_.get<std::uint8_t>();
        const auto collector = side_.collector(held_, to);
        out = wanted ? collector : nullptr;
    }
    template <class... F> void functions(const char*, void*& user, F&... each) {
        const std::string name(reader_.text());
        std::vector<std::uint32_t> numbers;
        for (std::size_t i = 0; i < sizeof...(F); ++i) numbers.push_back(reader_.get<std::uint32_t>());
        user = side_.stubFor(numbers, name, held_);
        std::size_t index = 0;
        thunks(numbers, index, std::index_sequence_for<F...>(), each...);
    }

private:
    template <std::size_t... I, class... F>
    void thunks(const std::vector<std::uint32_t>& numbers, std::size_t, std::index_sequence<I...>, F&... each) {
        ((each = numbers[I] ? thunkOf<F, I>() : nullptr), ...);
    }
    template <class T> void one(T& value) {
        if constexpr (std::is_same_v<T, const char*>) {
            value = reader_.get<std::uint8_t>() ? held_.terminated(reader_.text()) : nullptr;
        } else if constexpr (std::is_same_v<T, talome_str> || std::is_same_v<T, talome_bytes>) {
            const auto text = reader_.text();
            value = {held_.text(text), text.size()};
        } else {
            value = reader_.get<T>();
        }
    }

    Side& side_;
    Reader& reader_;
    Held& held_;
};

template <class T> constexpr bool isFunction = std::is_pointer_v<T>&& std::is_function_v<std::remove_pointer_t<T>>;
template <class T> constexpr bool isList =
    std::is_same_v<T, const talome_value*> || std::is_same_v<T, const talome_pair*>;
/// A struct of numbers that the callee fills in.
template <class T> constexpr bool isOut = std::is_same_v<T, talome_process_result*>;
template <class T> using Pointee = std::remove_cv_t<std::remove_pointer_t<T>>;

/// How many arguments belong together: a function and what it is passed, a list and its length.
template <class T> constexpr std::size_t widthOf = isFunction<T> || isList<T> || std::is_same_v<T, void*> ? 2 : 1;

/// Puts the arguments from number I on. Descriptor: which one is a descriptor.
template <int Descriptor, std::size_t I, class Tuple>
void putFrom(Side& side, Writer& writer, Asked& asked, Tuple& args) {
    if constexpr (I < std::tuple_size_v<Tuple>) {
        using T = std::tuple_element_t<I, Tuple>;
        auto& value = std::get<I>(args);
        if constexpr (static_cast<int>(I) == Descriptor) {
            writer.descriptor(value);
        } else if constexpr (std::is_same_v<T, talome_sink>) {
            FieldsIn(side, writer, asked).sink(value, std::get<I + 1>(args));
        } else if constexpr (isFunction<T>) {
            const bool once = std::is_same_v<T, talome_row> || std::is_same_v<T, talome_transaction_body>;
            writer.put(value
                           ? side.note(reinterpret_cast<AnyFunction>(value), std::get<I + 1>(args), runnerOf<T>(), once)
                           : 0u);
        } else if constexpr (isList<T>) {
            const auto n = std::get<I + 1>(args);
            writer.put(n);
            for (std::uint32_t i = 0; i < n; ++i) put(writer, value[i]);
        } else if constexpr (std::is_same_v<T, void*>) { // a buffer to be filled, and its size
            writer.put(static_cast<std::uint64_t>(std::get<I + 1>(args)));
            asked.after.push_back([value](Reader& reader) {
                const auto text = reader.text();
                std::memcpy(value, text.data(), text.size());
            });
        } else if constexpr (std::is_same_v<T, talome_str> || std::is_same_v<T, talome_bytes>) {
            writer.text({value.n ? static_cast<const char*>(value.p) : "", value.n});
        } else if constexpr (std::is_same_v<T, const char*>) {
            writer.maybe(value);
        } else if constexpr (std::is_same_v<T, std::uint64_t*> || std::is_same_v<T, std::int64_t*>) {
            asked.after.push_back([value](Reader& reader) {
                const auto number = reader.get<Pointee<T>>();
                if (value) *value = number;
            });
        } else if constexpr (std::is_same_v<T, std::int32_t*>) { // a descriptor that is given away
            asked.after.push_back([value](Reader& reader) {
                const int fd = reader.descriptor();
                if (value) *value = fd;
            });
        } else if constexpr (std::is_same_v<T, talome_principal*>) {
            writer.put(value ? value->struct_size : 0u);
            asked.after.push_back([&side, value](Reader& reader) { side.deliver(nullptr, value, reader.text()); });
        } else if constexpr (isOut<T>) {
            writer.put(value ? value->struct_size : 0u);
            asked.after.push_back([value](Reader& reader) {
                const auto text = reader.text();
                if (value) std::memcpy(value, text.data(), std::min<std::size_t>(value->struct_size, text.size()));
            });
        } else if constexpr (std::is_pointer_v<T> && isOpaque<Pointee<T>>) {
            writer.put(value ? side.numberOf(value) : 0u);
        } else if constexpr (std::is_pointer_v<T>) {
            auto copy = manifest::fit(value, "an argument");
            FieldsIn visit(side, writer, asked);
            fields(visit, copy);
        } else {
            writer.put(value);
        }
        putFrom<Descriptor, I + widthOf<T>>(side, writer, asked, args);
    }
}

/// Takes them out again.
template <int Descriptor, std::size_t I, class Tuple>
void takeFrom(Side& side, Reader& reader, Held& held, Tuple& args) {
    if constexpr (I < std::tuple_size_v<Tuple>) {
        using T = std::tuple_element_t<I, Tuple>;
        auto& value = std::get<I>(args);
        FieldsOut visit(side, reader, held);
        if constexpr (static_cast<int>(I) == Descriptor) {
            visit.descriptor(value);
        } else if constexpr (std::is_same_v<T, talome_sink>) {
            visit.sink(value, std::get<I + 1>(args));
        } else if constexpr (isFunction<T>) {
            const auto number = reader.get<std::uint32_t>();
            value = number ? thunkOf<T, 0>() : nullptr;
            std::get<I + 1>(args) = number ? side.stubFor({number}, "", held) : nullptr;
        } else if constexpr (isList<T>) {
            const auto n = std::get<I + 1>(args) = reader.get<std::uint32_t>();
            std::vector<Pointee<T>> items(n);
            for (auto& item : items) take(reader, held, item);
            value = static_cast<T>(held.copy(items.data(), n * sizeof(Pointee<T>)));
        } else if constexpr (std::is_same_v<T, void*>) {
            const auto n = reader.get<std::uint64_t>();
            auto& buffer = held.collected.emplace_back(n, '\0');
            value = buffer.data();
            std::get<I + 1>(args) = n;
            held.after.push_back([&buffer](Writer& writer) { writer.text(buffer); });
        } else if constexpr (std::is_same_v<T, talome_str> || std::is_same_v<T, talome_bytes>) {
            const auto text = reader.text();
            value = {held.text(text), text.size()};
        } else if constexpr (std::is_same_v<T, const char*>) {
            value = reader.get<std::uint8_t>() ? held.terminated(reader.text()) : nullptr;
        } else if constexpr (std::is_same_v<T, std::uint64_t*> || std::is_same_v<T, std::int64_t*>) {
            auto& room = held.collected.emplace_back(sizeof(std::uint64_t), '\0');
            value = reinterpret_cast<T>(room.data());
            held.after.push_back([number = value](Writer& writer) { writer.put(*number); });
        } else if constexpr (std::is_same_v<T, std::int32_t*>) {
            auto& room = held.collected.emplace_back(sizeof(std::int32_t), '\0');
            value = reinterpret_cast<T>(room.data());
            *value = -1;
            held.after.push_back([fd = value](Writer& writer) { writer.give(*fd); });
        } else if constexpr (std::is_same_v<T, talome_principal*>) {
            auto& room = held.collected.emplace_back(sizeof(talome_principal), '\0');
            value = reinterpret_cast<T>(room.data());
            value->struct_size = std::min<std::uint32_t>(reader.get<std::uint32_t>(), sizeof(talome_principal));
            held.after.push_back([who = value](Writer& writer) {
                Writer inner;
                inner.put(who->struct_size);
                inner.put(who->authenticated);
                for (const auto& text :
                     {who->user_id, who->username, who->role, who->origin, who->session_id, who->peer, who->user_agent})
                    inner.text({text.n ? text.p : "", text.n});
                writer.text(inner.bytes());
            });
        } else if constexpr (isOut<T>) {
            auto& room = held.collected.emplace_back(sizeof(Pointee<T>), '\0');
            value = reinterpret_cast<T>(room.data());
            value->struct_size = std::min<std::uint32_t>(reader.get<std::uint32_t>(), sizeof(Pointee<T>));
            held.after.push_back([&room](Writer& writer) { writer.text(room); });
        } else if constexpr (std::is_pointer_v<T> && isOpaque<Pointee<T>>) {
            value = static_cast<T>(side.handleOf(reader.get<std::uint32_t>(), held));
        } else if constexpr (std::is_pointer_v<T>) {
            Pointee<T> item{};
            item.struct_size = sizeof item;
            fields(visit, item);
            value = static_cast<T>(held.copy(&item, sizeof item));
        } else {
            value = reader.get<T>();
        }
        takeFrom<Descriptor, I + widthOf<T>>(side, reader, held, args);
    }
}

} // namespace talome::check
