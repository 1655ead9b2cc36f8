// The part of GET /metrics that is about the machine: the host asks each plugin's *.openMetrics. Names and labels are
// those of Prometheus' node exporter, so that dashboards made for it work.
#include "services.hpp"

#include <unistd.h>

#include <charconv>
#include <functional>

namespace talome::system {

namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Families in the text form of OpenMetrics 1.0, without its last line.
class MetricsText {
public:
    void counter(std::string_view name, std::string_view unit, std::string_view help) { family(name, "counter", unit, help, "_total"); }
    void gauge(std::string_view name, std::string_view unit, std::string_view help) { family(name, "gauge", unit, help, ""); }
    void value(double number, Labels labels = {}) {
        text_.append(name_).append(suffix_);
        char separator = '{';
        for (const auto& [label, text] : labels) {
            (text_ += separator).append(label).append("=\"");
            escape(text);
            text_ += '"';
            separator = ',';
        }
        if (labels.size()) text_ += '}';
        char digits[32];
        (text_ += ' ').append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr).append("\n");
    }
    std::string done() { return std::move(text_); }

private:
    void family(std::string_view name, std::string_view type, std::string_view unit, std::string_view help, std::string_view suffix) {
        name_ = name;
        suffix_ = suffix;
        text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
        if (!unit.empty()) text_.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    }
    void escape(std::string_view text) {
        for (const char c : text) {
            if (c == '\\' || c == '"') text_ += '\\';
            c == '\n' ? text_ += "\\n" : text_ += c;
        }
    }

    std::string text_, name_, suffix_;
};

void addCpu(MetricsText& out, const Counters& now) {
    const auto perSecond = static_cast<double>(::sysconf(_SC_CLK_TCK));
    out.counter("node_cpu_seconds", "seconds", "What each processor spent its time with.");
    for (std::size_t i = 0; i < now.cores.size(); ++i) {
        const std::string cpu = std::to_string(i);
        const CpuTimes& t = now.cores[i];
        const std::pair<const char*, std::uint64_t> modes[] = {{"user", t.user},     {"nice", t.nice}, {"system", t.system},
                                                               {"idle", t.idle},     {"iowait", t.iowait}, {"irq", t.irq},
                                                               {"softirq", t.softirq}, {"steal", t.steal}};
        for (const auto& [mode, ticks] : modes) out.value(static_cast<double>(ticks) / perSecond, {{"cpu", cpu}, {"mode", mode}});
    }
    const char* names[] = {"node_load1", "node_load5", "node_load15"};
    for (std::size_t i = 0; i < 3; ++i) {
        out.gauge(names[i], "", "Processes that run or wait, mean of 1, 5 and 15 minutes.");
        out.value(now.load[i]);
    }
}

void addMemory(MetricsText& out, const Counters& now) {
    if (!now.memory) return;
    const MemoryAmounts& m = *now.memory;
    const std::pair<const char*, std::uint64_t> amounts[] = {
        {"MemTotal", m.total}, {"MemFree", m.free},   {"MemAvailable", m.available}, {"Buffers", m.buffers},
        {"Cached", m.cached},  {"SReclaimable", m.reclaimable}, {"SwapTotal", m.swapTotal}, {"SwapFree", m.swapFree}};
    for (const auto& [name, bytes] : amounts) {
        out.gauge("node_memory_" + std::string(name) + "_bytes", "bytes", "Of /proc/meminfo.");
        out.value(static_cast<double>(bytes));
    }
}

void addNetwork(MetricsText& out, const Counters& now) {
    const std::tuple<const char*, const char*, std::uint64_t NetCounters::*> families[] = {
        {"node_network_receive_bytes", "bytes", &NetCounters::rxBytes},
        {"node_network_transmit_bytes", "bytes", &NetCounters::txBytes},
        {"node_network_receive_packets", "packets", &NetCounters::rxPackets},
        {"node_network_transmit_packets", "packets", &NetCounters::txPackets},
        {"node_network_receive_errs", "errs", &NetCounters::rxErrors},
        {"node_network_transmit_errs", "errs", &NetCounters::txErrors},
        {"node_network_receive_drop", "drop", &NetCounters::rxDropped},
        {"node_network_transmit_drop", "drop", &NetCounters::txDropped}};
    for (const auto& [name, unit, field] : families) {
        out.counter(name, unit, "Of /proc/net/dev.");
        for (const auto& [device, counters] : now.interfaces) out.value(static_cast<double>(counters.*field), {{"device", device}});
    }
}

void addDisks(MetricsText& out, const Counters& now) {
    const auto family = [&](const char* name, const char* unit, auto&& number) {
        out.counter(name, unit, "Of /proc/diskstats, whole disks.");
        for (const auto& [device, counters] : now.disks) out.value(number(counters), {{"device", device}});
    };
    family("node_disk_read_bytes", "bytes", [](const DiskCounters& d) { return static_cast<double>(d.readBytes); });
    family("node_disk_written_bytes", "bytes", [](const DiskCounters& d) { return static_cast<double>(d.writtenBytes); });
    family("node_disk_reads_completed", "", [](const DiskCounters& d) { return static_cast<double>(d.reads); });
    family("node_disk_writes_completed", "", [](const DiskCounters& d) { return static_cast<double>(d.writes); });
    family("node_disk_io_time_seconds", "seconds", [](const DiskCounters& d) { return static_cast<double>(d.busyMs) / 1000; });
}

void addMounts(MetricsText& out, const std::vector<MountState>& mounts) {
    const auto family = [&](const char* name, const char* unit, const char* help, bool always, auto&& number) {
        out.gauge(name, unit, help);
        for (const MountState& each : mounts)
            if (always || (each.space && !each.unresponsive))
                out.value(number(each), {{"device", each.mount.source}, {"fstype", each.mount.fstype}, {"mountpoint", each.mount.path}});
    };
    const auto space = [](std::uint64_t Space::*field) {
        return [field](const MountState& each) { return static_cast<double>((*each.space).*field); };
    };
    family("node_filesystem_size_bytes", "bytes", "Size of the file system.", false, space(&Space::total));
    family("node_filesystem_free_bytes", "bytes", "Free, with what only root may use.", false, space(&Space::free));
    family("node_filesystem_avail_bytes", "bytes", "Free for users.", false, space(&Space::available));
    family("node_filesystem_files", "files", "Inodes.", false, space(&Space::files));
    family("node_filesystem_files_free", "", "Free inodes.", false, space(&Space::filesFree));
    family("node_filesystem_readonly", "", "1: nothing can be written.", true, [](const MountState& each) { return each.mount.readOnly ? 1.0 : 0.0; });
    family("node_filesystem_device_error", "", "1: it does not answer.", true,
           [](const MountState& each) { return each.unresponsive || !each.problem.empty() ? 1.0 : 0.0; });
}

class OpenMetricsGroup : public Group {
public:
    OpenMetricsGroup(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("system.openMetrics", "The machine's part of GET /metrics", kDashboard, Tier::read, this, &OpenMetricsGroup::get)
            .text("application/openmetrics-text; version=1.0.0; charset=utf-8");
    }

private:
    std::string get() {
        MetricsText out;
        const CountersPtr now = services_.sampler.takeReading();
        addCpu(out, *now);
        addMemory(out, *now);
        addNetwork(out, *now);
        addDisks(out, *now);
        addMounts(out, services_.sampler.mounts());
        out.gauge("node_hwmon_temp_celsius", "celsius", "Temperatures, as sensors say them.");
        for (const Temperature& each : services_.sampler.temperatures()) out.value(each.celsius, {{"chip", each.chip}, {"sensor", each.label}});
        out.gauge("node_boot_time_seconds", "seconds", "When the machine was started, since the epoch.");
        out.value(static_cast<double>(services_.sampler.machine().bootedAtMs) / 1000);
        return out.done();
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> openMetrics(Registry& registry, Services& services) {
    return std::make_unique<OpenMetricsGroup>(registry, services);
}

} // namespace talome::system
