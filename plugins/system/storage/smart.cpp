// GET /api/storage/smart: how the disks are, as they say themselves.
#include "services.hpp"

#include "storage/storage_types.hpp"

namespace talome::system {

namespace {

struct SmartQuery {
    std::optional<std::string> device;
};
BOOST_DESCRIBE_STRUCT(SmartQuery, (), (device))
struct SmartRef {
    std::string device;
};
BOOST_DESCRIBE_STRUCT(SmartRef, (), (device))
struct TestInput {
    std::string device, type;
};
BOOST_DESCRIBE_STRUCT(TestInput, (), (device, type))

constexpr auto kWait = std::chrono::seconds(5);

class SmartGroup : public Group {
public:
    SmartGroup(Registry& registry, Services& services) : services_(services) {
        const Constraint name = pattern("^(/dev/)?[A-Za-z0-9]{1,64}$");
        registry
            .operation("storage.smart", "Health of each disk by SMART; sleeping ones are left asleep", kSystem, Tier::read,
                       this, &SmartGroup::list)
            .route("GET", "/api/storage/smart")
            .tool("get_smart_status", "SMART health, temperature and wear of each disk")
            .category("storage")
            .input("device", "Only this one: sda", name);
        registry
            .operation("storage.smartDevice", "All that one disk says: attributes and self-tests", kSystem, Tier::read,
                       this, &SmartGroup::get)
            .route("GET", "/api/storage/smart/{device}")
            .input("device", "sda, nvme0", name);
        registry
            .operation("storage.smartTest", "Begins a self-test; the disk goes on working", admin, Tier::modify, this,
                       &SmartGroup::test)
            .route("POST", "/api/storage/smart/{device}/test", 202)
            .input("device", "sda, nvme0", name)
            .input("type", "short: minutes; long: hours", oneOf({"short", "long"}))
            .target("disk", "device");
        registry.program("smartctl", "Reads the health of disks");
        registry.setting("smart_poll_minutes", "Minutes between two readings of all disks; 0: only when somebody looks", 60)
            .range(0, 10080);
        registry.task(kSmartTask, "Asks the disks how they are", this, &SmartGroup::poll);
    }
    void activate() override {
        const auto minutes = services_.host.setting<int>("smart_poll_minutes");
        if (minutes > 0) services_.host.wake(kSmartTask, std::chrono::minutes(1));
    }

private:
    void poll() {
        services_.smart.smartTask();
        services_.smartJudged();
    }

    std::vector<SmartBrief> list(const SmartQuery& input) {
        const SmartState state = services_.smart.look(kWait);
        if (!state.read) throw Unavailable("the disks have not answered yet; try again in a moment");
        if (!state.available) throw Unavailable(state.reason);
        SmartList list = smartList(state);
        if (!input.device) return list.devices;
        const SmartDevice wanted = services_.smart.find(*input.device);
        std::erase_if(list.devices, [&](const SmartBrief& each) { return each.device != wanted.device; });
        return list.devices;
    }
    SmartDevice get(const SmartRef& input) { return services_.smart.find(input.device); }
    void test(const TestInput& input) { services_.smart.startTest(input.device, input.type); }

    Services& services_;
};

} // namespace

// Nothing is judged before the disks have been asked: what was wrong before a restart stays so until then.
std::vector<Judged> Services::smartJudged() {
    const SmartState state = smart.known();
    if (!state.read || !state.available) return {};
    return health.judge(smart.checks(), {"smart"});
}

std::unique_ptr<Group> smart(Registry& registry, Services& services) {
    return std::make_unique<SmartGroup>(registry, services);
}

} // namespace talome::system
