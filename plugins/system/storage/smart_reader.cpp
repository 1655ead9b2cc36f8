#include "storage/smart_reader.hpp"

#include "live/timestamp.hpp"

namespace talome::system {

namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 30min;
constexpr std::size_t kMostDisks = 64;
constexpr std::int64_t kCompareDays = 30, kKeepDays = 400;

} // namespace

std::string SmartReader::tables() {
    return "CREATE TABLE smart_samples (serial TEXT NOT NULL, day INTEGER NOT NULL, counters TEXT NOT NULL, "
           "PRIMARY KEY (serial, day)) WITHOUT ROWID;";
}

// The first sample of each of the last days is kept; this one is compared with the oldest of them.
void SmartReader::noteGrowth(SmartDevice& device) {
    if (device.serial.empty() || device.health == SmartHealth::unknown || device.health == SmartHealth::sleeping) return;
    const std::int64_t day = host_.nowMs() / 86'400'000;
    const Database database = host_.database();
    database.execute("INSERT OR IGNORE INTO smart_samples VALUES (?, ?, ?)", device.serial, day, toJson(device.counters));
    database.execute("DELETE FROM smart_samples WHERE day < ?", day - kKeepDays);
    const auto old = database.query("SELECT day, counters FROM smart_samples WHERE serial = ? AND day >= ? ORDER BY day LIMIT 1",
                                    device.serial, day - kCompareDays);
    if (old.empty()) return;
    for (const std::string& sentence : grown(readText<SmartCounters>(old.front().get<std::string>(1)), device.counters)) {
        device.reasons.push_back(sentence + " within " + std::to_string(day - old.front().get<std::int64_t>(0)) + " days");
        if (device.health == SmartHealth::healthy) device.health = SmartHealth::warning;
    }
}

// A disk that does not answer, or not in words that can be understood, hides no other.
SmartDevice SmartReader::readOne(const ScannedDevice& scanned) {
    SmartDevice device;
    const auto unknown = [&](const std::string& why) {
        device = {};
        device.device = scanned.name;
        device.type = scanned.type;
        device.reasons.push_back(why);
    };
    try {
        const SmartAnswer answer = source_.read(scanned);
        if (answer.problem.empty())
            device = parseSmart(scanned, answer.exitCode, answer.json);
        else
            unknown(answer.problem);
    } catch (const NotFound&) {
        throw; // there is no smartctl
    } catch (const Error& error) {
        unknown(error.what());
    }
    device.checkedAt = timestamp(host_.nowMs());
    try {
        noteGrowth(device);
    } catch (const Error& error) {
        host_.warn("how " + scanned.name + " was cannot be stored or compared: " + std::string(error.what()));
    }
    return device;
}

SmartState SmartReader::readAll() {
    SmartState state;
    state.read = true;
    try {
        const auto devices = source_.scan();
        state.available = true;
        for (const ScannedDevice& each : devices) {
            if (state.devices.size() >= kMostDisks) break;
            state.devices.push_back(readOne(each));
        }
    } catch (const NotFound&) {
        state.available = false;
        state.reason = "smartctl is not installed: install smartmontools";
    } catch (const std::exception& error) {
        state.available = false;
        state.reason = error.what();
    }
    return state;
}

void SmartReader::smartTask() {
    const auto minutes = host_.setting<int>("smart_poll_minutes");
    if (minutes > 0) host_.wake(kSmartTask, std::chrono::minutes(minutes)); // first: whatever fails, it goes on
    {
        const std::lock_guard lock(mutex_);
        running_ = true;
    }
    auto state = readAll();
    {
        const std::lock_guard lock(mutex_);
        running_ = false;
        // One that no longer answers is still the same: what was wrong with it stays so.
        for (SmartDevice& each : state.devices)
            for (const SmartDevice& before : state_.devices)
                if (each.serial.empty() && before.device == each.device) each.serial = before.serial, each.model = before.model;
        // A disk that sleeps is shown with what it said when it was awake.
        for (SmartDevice& each : state.devices) {
            if (each.health != SmartHealth::sleeping) continue;
            for (const SmartDevice& before : state_.devices)
                if (before.device == each.device && !before.model.empty()) {
                    const auto reasons = each.reasons;
                    const auto checkedAt = each.checkedAt;
                    each = before;
                    each.health = SmartHealth::sleeping;
                    each.reasons = reasons;
                    each.checkedAt = checkedAt;
                }
        }
        state_ = std::move(state);
        at_ = Clock::now();
        ++readings_;
    }
    done_.notify_all();
}

SmartState SmartReader::known() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

SmartState SmartReader::look(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    if (state_.read && Clock::now() - at_ < kFresh) return state_;
    const auto before = readings_;
    if (!running_) host_.wake(kSmartTask); // one that runs is waited for: waking it would be once more
    done_.wait_for(lock, most, [&] { return readings_ != before; });
    return state_;
}

SmartDevice SmartReader::find(const std::string& name) {
    const std::string path = name.starts_with("/dev/") ? name : "/dev/" + name;
    for (const SmartDevice& each : look(3s).devices)
        if (each.device == path) return each;
    throw NotFound("there is no disk " + name);
}

void SmartReader::startTest(const std::string& name, const std::string& type) {
    const SmartDevice device = find(name);
    const SmartAnswer answer = source_.test({device.device, device.type}, type);
    if (answer.problem.empty() && !(answer.exitCode & 7)) {
        if (device.type != "nvme" || beginsNvmeTests(answer.json)) return;
        throw Conflict(device.device + " has not begun a self-test: smartctl before 7.4 has none for NVMe disks");
    }
    const std::string why = !answer.problem.empty()    ? answer.problem
                            : !device.reasons.empty() ? device.reasons.front()
                                                      : "smartctl ended with " + std::to_string(answer.exitCode);
    throw Conflict(device.device + " has not begun a self-test: " + why);
}

std::vector<Check> SmartReader::checks() const {
    std::vector<Check> checks;
    const SmartState state = known();
    if (!state.read) return checks;
    for (const SmartDevice& each : state.devices) {
        Check check{.key = "smart:" + (each.serial.empty() ? each.device : each.serial), .name = "smart", .subject = each.device};
        check.known = each.health != SmartHealth::unknown && each.health != SmartHealth::sleeping;
        check.level = each.health == SmartHealth::failing   ? Level::critical
                      : each.health == SmartHealth::warning ? Level::warning
                                                            : Level::ok;
        std::string reasons;
        for (const std::string& reason : each.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
        check.message = each.device + (each.model.empty() ? "" : " (" + each.model + ")") +
                        (check.level == Level::critical  ? " fails"
                         : check.level == Level::warning ? " shows signs of wear"
                         : check.known                   ? " is healthy"
                                                         : ": " + reasons);
        check.evidence = reasons;
        if (check.level == Level::critical) check.fix = "Save what is on it and replace it now";
        if (check.level == Level::warning) check.fix = "See to a backup, and plan to replace it";
        checks.push_back(std::move(check));
    }
    return checks;
}

} // namespace talome::system
