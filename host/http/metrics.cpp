// Counts every answer.
#include "host/http/metrics.hpp"

#include <algorithm>
#include <tuple>

namespace talome::http {

namespace {

constexpr std::string_view kMethods[] = {"other", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

constexpr std::size_t kSlots = 4096; // a power of two above kMostRequestSeries
static_assert(kSlots > kMostRequestSeries);

std::size_t indexOf(std::string_view method) {
    for (std::size_t i = 1; i < std::size(kMethods); ++i)
        if (method == kMethods[i]) return i;
    return 0;
}

/// Threads take these in turn. Four are enough for the workers of a small machine, and cost little on a large one.
constexpr std::size_t kPlaces = 4;

std::size_t place() {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kPlaces;
    return mine;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) { counter.fetch_add(n, std::memory_order_relaxed); }
std::uint64_t read(const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); }

} // namespace

struct Metrics::Route {
    Route(std::string name, std::size_t index) : name(std::move(name)), index(index) {}
    const std::string name;
    const std::size_t index;
    struct alignas(64) Place {
        std::array<Counter, kDurationBuckets.size() + 1> buckets{};
        Counter microseconds{0}, bytesIn{0}, bytesOut{0};
    };
    std::array<Place, kPlaces> places;
};

struct Metrics::Plugin {
    Plugin(std::string name, std::size_t) : name(std::move(name)) {}
    const std::string name;
    struct alignas(64) Place {
        Counter requests{0}, errors{0};
    };
    std::array<Place, kPlaces> places;
};

Metrics::Metrics()
    : routes_(kMostRoutes), plugins_(kMostPlugins), keys_(std::make_unique<Counter[]>(kSlots)),
      counts_(std::make_unique<Counter[]>(kSlots * kPlaces)) {
    seriesOf(0, 0, 0); // for all that finds no series of its own any more
}

Metrics::~Metrics() = default;

std::size_t Metrics::seriesOf(std::size_t route, std::size_t method, int status) noexcept {
    const auto key = std::uint64_t{route + 1} << 32 | std::uint64_t{method} << 16 | static_cast<std::uint16_t>(status);
    auto at = static_cast<std::size_t>(key * 0x9e3779b97f4a7c15u >> 52); // 12 bits for the 4096 slots
    for (;; at = (at + 1) & (kSlots - 1)) {
        auto found = read(keys_[at]);
        if (found == key) return at;
        if (found != 0) continue;
        if (used_.load(std::memory_order_relaxed) >= kMostRequestSeries) return seriesOf(0, 0, 0);
        if (keys_[at].compare_exchange_strong(found, key, std::memory_order_relaxed)) {
            used_.fetch_add(1, std::memory_order_relaxed);
            return at;
        }
        if (found == key) return at; // another thread was faster
    }
}

void Metrics::record(const AccessRecord& record) noexcept {
    const auto here = place();
    auto& route = routes_[record.route];
    add(counts_[here * kSlots + seriesOf(route.index, indexOf(record.method), record.status)], 1);
    const auto took = std::max<std::int64_t>(record.duration.count(), 0);
    const auto bucket = std::lower_bound(kDurationBuckets.begin(), kDurationBuckets.end(), took);
    auto& sums = route.places[here];
    add(sums.buckets[static_cast<std::size_t>(bucket - kDurationBuckets.begin())], 1);
    add(sums.microseconds, static_cast<std::uint64_t>(took));
    if (record.bytesIn) add(sums.bytesIn, record.bytesIn);
    if (record.bytesOut) add(sums.bytesOut, record.bytesOut);
    if (record.plugin.empty()) return;
    auto& plugin = plugins_[record.plugin].places[here];
    add(plugin.requests, 1);
    if (record.status >= 500) add(plugin.errors, 1);
}

MetricsSnapshot Metrics::snapshot() const {
    MetricsSnapshot out;
    std::vector<const std::string*> names;
    routes_.forEach([&](const Route& route) {
        names.push_back(&route.name);
        auto& sum = out.routes.emplace_back();
        sum.route = route.name;
        for (const auto& place : route.places) {
            for (std::size_t i = 0; i < sum.buckets.size(); ++i) sum.buckets[i] += read(place.buckets[i]);
            sum.microseconds += read(place.microseconds);
            sum.bytesIn += read(place.bytesIn);
            sum.bytesOut += read(place.bytesOut);
        }
    });
    plugins_.forEach([&](const Plugin& plugin) {
        MetricsSnapshot::Plugin sum{plugin.name};
        for (const auto& place : plugin.places) {
            sum.requests += read(place.requests);
            sum.errors += read(place.errors);
        }
        if (sum.requests != 0) out.plugins.push_back(std::move(sum));
    });
    for (std::size_t at = 0; at < kSlots; ++at) {
        const auto key = read(keys_[at]);
        const auto route = static_cast<std::size_t>(key >> 32);
        if (key == 0 || route > names.size()) continue; // free, or of a route that has come since
        std::uint64_t count = 0;
        for (std::size_t i = 0; i < kPlaces; ++i) count += read(counts_[i * kSlots + at]);
        if (count == 0) continue;
        out.requests.push_back(
            {*names[route - 1], std::string(kMethods[key >> 16 & 0xffff]), static_cast<int>(key & 0xffff), count});
    }
    std::sort(out.routes.begin(), out.routes.end(), [](auto& a, auto& b) { return a.route < b.route; });
    std::sort(out.plugins.begin(), out.plugins.end(), [](auto& a, auto& b) { return a.plugin < b.plugin; });
    std::sort(out.requests.begin(), out.requests.end(), [](auto& a, auto& b) {
        return std::tie(a.route, a.method, a.status) < std::tie(b.route, b.method, b.status);
    });
    return out;
}

} // namespace talome::http
