// Operations of each tier that count how often they ran, and one that calls them as somebody's helper: for the tests
// beside.
#include <talome/plugin.hpp>

#include <atomic>
#include <thread>

namespace {

using namespace talome;

struct Item {
    std::string id;
    std::optional<std::string> code;
};
BOOST_DESCRIBE_STRUCT(Item, (), (id, code))

struct TryItem {
    std::string id;
    bool dryRun = true;
};
BOOST_DESCRIBE_STRUCT(TryItem, (), (id, dryRun))

struct Counts {
    int opened = 0, stored = 0, burned = 0;
};
BOOST_DESCRIBE_STRUCT(Counts, (), (opened, stored, burned))

struct Helped {
    std::string operation, id;
    std::optional<std::string> origin, approval;
};
BOOST_DESCRIBE_STRUCT(Helped, (), (operation, id, origin, approval))

struct Outcome {
    bool done = false;
    std::optional<std::string> approval, error;
};
BOOST_DESCRIBE_STRUCT(Outcome, (), (done, approval, error))

class Vault : public Plugin {
public:
    explicit Vault(Registry& registry) : host_(registry.host()) {
        registry.flag("vault", "May use the vault", false);
        registry.operation("vault.open", "Looks at an item", flags("vault"), Tier::read, this, &Vault::open)
            .route("GET", "/api/vault/{id}")
            .target("item", "id");
        registry.operation("vault.store", "Keeps an item", flags("vault"), Tier::modify, this, &Vault::store)
            .route("POST", "/api/vault/{id}")
            .input("code", "what opens it", secret())
            .target("item", "id");
        registry.operation("vault.burn", "Destroys an item", flags("vault"), Tier::destructive, this, &Vault::burn)
            .route("DELETE", "/api/vault/{id}")
            .input("code", "what opens it", secret())
            .tool("burn_item")
            .target("item", "id");
        registry
            .operation("vault.tryBurn", "Destroys an item, or says that it would", flags("vault"), Tier::destructive,
                       this, &Vault::tryBurn)
            .route("POST", "/api/vault-try")
            .input("dryRun", "Only say so", true)
            .tierWhen("dryRun", true, Tier::read)
            .tool("try_item", {}, {{"item", "id"}})
            .target("item", "id");
        registry
            .operation("vault.wait",
                       "Waits until nobody waits for it: opened when it begins, stored when it is cancelled",
                       flags("vault"), Tier::read, this, &Vault::wait)
            .tool("wait_for_cancel");
        registry.operation("vault.counts", "How often each ran", anyone, Tier::read, this, &Vault::counts)
            .route("GET", "/api/vault-counts");
        registry.operation("vault.help", "Calls another one as a helper", session, Tier::modify, this, &Vault::help)
            .route("POST", "/api/vault-help");
        registry.uses("vault.*");
        registry.uses("plugins.list");
    }

private:
    Item open(Call&, const Item& item) { return ++opened_, item; }
    Item store(Call&, const Item& item) { return ++stored_, Item{item.id, std::nullopt}; }
    Item burn(Call&, const Item& item) { return ++burned_, Item{item.id, std::nullopt}; }
    Item tryBurn(const TryItem& item) {
        if (!item.dryRun) ++burned_;
        return {item.id, std::nullopt};
    }
    void wait(Call& call) {
        ++opened_;
        while (!call.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ++stored_;
        throw Cancelled("nobody waits any more");
    }
    Counts counts() const { return {opened_, stored_, burned_}; }

    /// `id` "-": the call takes no input.
    Outcome help(Call& call, const Helped& wanted) {
        const CallOptions options{wanted.origin.value_or(""), wanted.approval.value_or("")};
        try {
            host_.callTextAs(&call, options, wanted.operation,
                             wanted.id == "-" ? "{}" : toJson(Item{wanted.id, std::nullopt}));
            return {true, std::nullopt, std::nullopt};
        } catch (const NeedsApproval& needs) {
            return {false, needs.approval, needs.what()};
        } catch (const Error& error) {
            return {false, std::nullopt, error.what()};
        }
    }

    Host host_;
    std::atomic<int> opened_{0}, stored_{0}, burned_{0};
};

} // namespace

TALOME_PLUGIN(Vault, "vault", "1.0.0", "Counts what was done to its items.")
