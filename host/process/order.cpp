// Numbers as they lie in memory, texts and lists with their length before them.
#include "host/process/order.hpp"

#include <cstring>

namespace talome::process {

namespace {

struct Writer {
    std::string out;
    template <class T> void number(T value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }
    void text(std::string_view value) {
        number(value.size());
        out += value;
    }
    void list(const std::vector<std::string>& values) {
        number(values.size());
        for (const auto& each : values) text(each);
    }
};

struct Reader {
    std::string_view in;
    bool fine = true;

    template <class T> T number() {
        T value{};
        if (in.size() < sizeof value) {
            fine = false;
            return value;
        }
        std::memcpy(&value, in.data(), sizeof value);
        in.remove_prefix(sizeof value);
        return value;
    }
    bool flag() {
        const auto value = number<std::uint8_t>();
        if (value > 1) fine = false;
        return value == 1;
    }
    std::string text() {
        const auto size = number<std::size_t>();
        if (size > in.size()) fine = false;
        if (!fine) return {};
        std::string value(in.substr(0, size));
        in.remove_prefix(size);
        return value;
    }
    std::vector<std::string> list() {
        std::vector<std::string> values;
        for (auto left = number<std::size_t>(); left > 0 && fine; --left) values.push_back(text());
        return values;
    }
};

} // namespace

std::string encode(const Order& order) {
    Writer to;
    to.number(kProtocol);
    to.list(order.argv);
    to.list(order.env);
    to.list(order.writable);
    to.text(order.directory);
    to.number(order.numbers.size());
    for (const auto each : order.numbers) to.number(each);
    for (const bool each : {order.noNetwork, order.readOnly, order.idleIo}) to.number(std::uint8_t{each});
    to.number(order.nice);
    for (const auto each :
         {order.timeMs, order.cpuMs, order.memory, order.fileBytes, order.files, order.processes, order.graceMs})
        to.number(each);
    return to.out;
}

std::optional<Order> decode(std::string_view data) {
    Reader from{data};
    if (from.number<std::uint32_t>() != kProtocol) return std::nullopt;
    Order order;
    order.argv = from.list();
    order.env = from.list();
    order.writable = from.list();
    order.directory = from.text();
    for (auto left = from.number<std::size_t>(); left > 0 && from.fine; --left)
        order.numbers.push_back(from.number<std::int32_t>());
    for (bool* each : {&order.noNetwork, &order.readOnly, &order.idleIo}) *each = from.flag();
    order.nice = from.number<std::int32_t>();
    for (auto* each :
         {&order.timeMs, &order.cpuMs, &order.memory, &order.fileBytes, &order.files, &order.processes, &order.graceMs})
        *each = from.number<std::uint64_t>();
    if (!from.fine || !from.in.empty() || order.argv.empty()) return std::nullopt;
    return order;
}

} // namespace talome::process
