// How far local time is from UTC at each moment.
#include "host/tasks/time_zone.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace talome::tasks {

namespace {

constexpr std::size_t kHeader = 44;
constexpr std::uint32_t kMostChanges = 100'000;
constexpr std::int64_t kDay = 86'400;

[[noreturn]] void broken(const char* why) { throw std::runtime_error(std::string("not a time zone file: ") + why); }

/// Big-endian numbers, one after the other.
class Bytes {
public:
    explicit Bytes(std::string_view bytes) : left_(bytes) {}

    std::string_view take(std::size_t n) {
        if (left_.size() < n) broken("it is cut off");
        const auto taken = left_.substr(0, n);
        left_.remove_prefix(n);
        return taken;
    }
    std::uint64_t number(std::size_t n) {
        std::uint64_t value = 0;
        for (const char byte : take(n)) value = value << 8 | static_cast<unsigned char>(byte);
        return value;
    }
    std::string_view rest() const { return left_; }

private:
    std::string_view left_;
};

struct Header {
    char version;
    std::uint32_t utIndicators, standardIndicators, leaps, changes, types, letters;
    /// Of what follows, with times of so many bytes.
    std::size_t size(std::size_t time) const {
        return changes * (time + 1) + types * 6 + letters + leaps * (time + 4) + standardIndicators + utIndicators;
    }
};

Header headerOf(Bytes& from) {
    if (from.take(4) != "TZif") broken("it does not begin as one");
    Header header{};
    header.version = from.take(1)[0];
    from.take(15);
    for (auto* each : {&header.utIndicators, &header.standardIndicators, &header.leaps, &header.changes, &header.types,
                       &header.letters}) {
        *each = static_cast<std::uint32_t>(from.number(4));
        if (*each > kMostChanges) broken("it claims too much");
    }
    if (header.types == 0) broken("it has no types");
    if (header.leaps != 0) broken("it counts leap seconds, which the system's clock does not");
    return header;
}

} // namespace

TimeZone TimeZone::fromFile(std::string_view bytes) {
    Bytes from(bytes);
    auto header = headerOf(from);
    std::size_t wide = 4;
    if (header.version >= '2') { // the same again, with times of 64 bits
        from.take(header.size(4));
        header = headerOf(from);
        wide = 8;
    }
    Bytes block(from.take(header.size(wide)));
    TimeZone zone;
    for (std::uint32_t i = 0; i < header.changes; ++i) {
        const auto raw = block.number(wide);
        const auto at = wide == 8
                            ? static_cast<std::int64_t>(raw)
                            : static_cast<std::int64_t>(static_cast<std::int32_t>(static_cast<std::uint32_t>(raw)));
        if (!zone.changes_.empty() && at <= zone.changes_.back().at) broken("its times are out of order");
        zone.changes_.push_back({at, 0});
    }
    std::vector<std::uint64_t> types;
    for (std::uint32_t i = 0; i < header.changes; ++i) types.push_back(block.number(1));
    std::vector<std::int64_t> offsets;
    for (std::uint32_t i = 0; i < header.types; ++i) {
        offsets.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(block.number(4))));
        block.take(2);
        if (offsets.back() < -kDay || offsets.back() > kDay) broken("an offset is out of range");
    }
    for (std::uint32_t i = 0; i < header.changes; ++i) {
        if (types[i] >= offsets.size()) broken("a type is missing");
        zone.changes_[i].offset = offsets[types[i]];
    }
    zone.before_ = offsets[0];
    if (wide == 4) return zone;
    if (from.take(1) != "\n") broken("its end is missing");
    const auto end = from.rest().find('\n');
    if (end == std::string_view::npos) broken("its end is missing");
    if (end > 0) zone.rule_.emplace(from.rest().substr(0, end));
    return zone;
}

TimeZone TimeZone::fromRule(std::string_view text) {
    TimeZone zone;
    zone.rule_.emplace(text);
    return zone;
}

TimeZone::Span TimeZone::at(std::int64_t utc) const {
    const auto next = std::upper_bound(changes_.begin(), changes_.end(), utc,
                                       [](std::int64_t time, const Change& change) { return time < change.at; });
    if (next != changes_.end()) return {next == changes_.begin() ? before_ : std::prev(next)->offset, next->at};
    if (rule_) {
        const auto span = rule_->at(utc);
        return {span.offset, span.until.value_or(kNever)};
    }
    return {changes_.empty() ? before_ : changes_.back().offset, kNever};
}

std::int64_t TimeZone::firstAt(std::int64_t local) const {
    // Clocks are not changed twice within so short a time.
    auto early = at(local - kDay);
    const auto late = at(local + kDay);
    std::int64_t first = kNever;
    for (const auto offset : {early.offset, late.offset})
        if (at(local - offset).offset == offset) first = std::min(first, local - offset);
    if (first != kNever) return first;
    while (early.until != kNever && at(early.until).offset == early.offset)
        early = at(early.until); // where only its name changes
    return early.until == kNever ? local - late.offset : early.until;
}

} // namespace talome::tasks
