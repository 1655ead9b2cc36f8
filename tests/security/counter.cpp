// One operation for each permission and tier, and each kind of route, whose handlers only count their runs: a test
// sees by the count whether anything ran that was not allowed to.
#include <talome/plugin.hpp>

#include <atomic>
#include <fcntl.h>

namespace {

struct Text {
    std::optional<std::string> text;
};
BOOST_DESCRIBE_STRUCT(Text, (), (text))

struct Runs {
    std::int64_t runs;
};
BOOST_DESCRIBE_STRUCT(Runs, (), (runs))

struct Event {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Event, (), (text))

using talome::Permission, talome::Tier;

struct Named {
    const char* name;
    Permission permission;
};
constexpr Named kPermissions[] = {{"anyone", talome::anyone},
                                  {"session", talome::session},
                                  {"admin", talome::admin},
                                  {"inPerson", talome::inPerson},
                                  {"adminInPerson", talome::adminInPerson},
                                  {"flag", talome::flags("counting")},
                                  {"twoFlags", talome::flags("counting", "tallying")}};
constexpr std::pair<const char*, Tier> kTiers[] = {
    {"Read", Tier::read}, {"Modify", Tier::modify}, {"Destructive", Tier::destructive}};

class Counter : public talome::Plugin {
public:
    explicit Counter(talome::Registry& registry) : host_(registry.host()) {
        registry.flag("counting", "Counts", true);
        registry.flag("tallying", "Counts more", false);
        registry.setting("counter_api_key", "A secret that nobody may see", "").secret();
        registry.setting("counter_token", "Another one", "").secret();
        registry
            .operation("counter.runs", "How often a handler has run", talome::anyone, Tier::read, this, &Counter::runs)
            .route("GET", "/api/counter/runs");
        registry.operation("counter.tell", "Publishes to all topics", talome::session, Tier::read, this, &Counter::tell)
            .route("POST", "/api/counter/tell")
            .input("text", "what");
        registry
            .operation("counter.secret", "Reads the secret, and says how long it is", talome::admin, Tier::read, this,
                       &Counter::secret)
            .route("GET", "/api/counter/secret");
        for (const auto& permission : kPermissions) declare(registry, permission);
    }

private:
    void declare(talome::Registry& registry, const Named& who) {
        const std::string name = who.name, id = "counter." + name, path = "/api/counter/" + name;
        for (const auto& [tier, value] : kTiers)
            registry.operation(id + tier, "Counts", who.permission, value, this, &Counter::run)
                .route("GET", path + "/" + tier)
                .route("POST", path + "/" + tier)
                .input("text", "anything", talome::length(0, 100));
        registry.raw(id + "Raw", "Counts", who.permission, Tier::modify, "POST", path + "/raw", this, &Counter::raw)
            .maxBody(1000)
            .input("text", "anything");
        registry
            .upload(id + "Upload", "Counts", who.permission, Tier::modify, "POST", path + "/upload", this,
                    &Counter::place, &Counter::uploaded)
            .input("text", "anything");
        registry
            .websocket(id + "Socket", "Counts", who.permission, Tier::modify, this, &Counter::opened, &Counter::message,
                       &Counter::closed)
            .place(path + "/socket");
        registry
            .websocket(id + "First", "Counts", who.permission, Tier::modify, this, &Counter::opened, &Counter::message,
                       &Counter::closed)
            .place(path + "/first")
            .firstMessageAuth();
        topics_.push_back("counter." + name + "Told");
        registry.topic<Event>(topics_.back(), "Told", who.permission);
        registry.events(id + "Events", "Everything told, to whom it is allowed", who.permission, path + "/events")
            .source("counter.*");
    }

    Runs runs() const { return {runs_}; }
    void tell(const Text& input) {
        for (const auto& topic : topics_) host_.publish(topic, Event{topic + " " + input.text.value_or("")});
    }
    Runs secret() const { return {static_cast<std::int64_t>(host_.setting<std::string>("counter_api_key").size())}; }
    Runs run(const Text&) { return {++runs_}; }
    void raw(talome::Call&, const Text&, talome::Exchange& exchange) {
        ++runs_;
        exchange.openStream("text/plain", {.onEnded = [](auto) {}}).close();
    }
    talome::UploadTarget place(talome::Call&, const Text&, const talome::UploadPart&) {
        ++runs_;
        throw talome::Conflict("it only counts");
    }
    Runs uploaded(talome::Call&, const Text&, talome::Upload&) { return {runs_}; }
    void opened(talome::Call&, const Text&, talome::WebSocket) { ++runs_; }
    void message(talome::WebSocket socket, std::string_view data, bool binary) {
        ++runs_;
        socket.send(data, binary);
    }
    void closed(talome::WebSocket, int, std::string_view) {}

    talome::Host host_;
    std::vector<std::string> topics_;
    std::atomic<std::int64_t> runs_ = 0;
};

} // namespace

TALOME_PLUGIN(Counter, "counter", "1.0.0", "Counts what runs.")
