// PATCH /api/containers/{id}: restart policy and limits, while it runs.
#include "services.hpp"

#include <cmath>

namespace talome::docker {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

struct UpdateInput {
    std::string id;
    std::optional<std::string> restartPolicy;
    std::optional<int> maximumRetryCount;
    std::optional<double> cpus;
    std::optional<std::int64_t> memoryMb, memorySwapMb, pidsLimit;
};
BOOST_DESCRIBE_STRUCT(UpdateInput, (),
                      (id, restartPolicy, maximumRetryCount, cpus, memoryMb, memorySwapMb, pidsLimit))

struct Updated {
    bool ok = true;
    std::vector<std::string> warnings; // of the engine: what this kernel cannot limit
};
BOOST_DESCRIBE_STRUCT(Updated, (), (ok, warnings))

// POST /containers/ID/update, and its answer
struct NewPolicy {
    std::string Name;
    int MaximumRetryCount = 0;
};
BOOST_DESCRIBE_STRUCT(NewPolicy, (), (Name, MaximumRetryCount))
struct UpdateBody {
    std::optional<NewPolicy> RestartPolicy;
    std::optional<std::int64_t> NanoCpus, Memory, MemorySwap, PidsLimit;
};
BOOST_DESCRIBE_STRUCT(UpdateBody, (), (RestartPolicy, NanoCpus, Memory, MemorySwap, PidsLimit))
struct UpdateAnswer {
    engine::List<std::string> Warnings;
};
BOOST_DESCRIBE_STRUCT(UpdateAnswer, (), (Warnings))

UpdateBody bodyOf(const UpdateInput& input) {
    UpdateBody body;
    if (input.maximumRetryCount && input.restartPolicy != "on-failure")
        throw Invalid("maximumRetryCount", "only the policy on-failure counts retries");
    if (input.restartPolicy) body.RestartPolicy = NewPolicy{*input.restartPolicy, input.maximumRetryCount.value_or(0)};
    if (input.cpus) body.NanoCpus = std::llround(*input.cpus * 1e9);
    if (input.memorySwapMb && !input.memoryMb) throw Invalid("memorySwapMb", "is given together with memoryMb");
    if (input.memoryMb) {
        body.Memory = *input.memoryMb * kMiB;
        body.MemorySwap = input.memorySwapMb ? *input.memorySwapMb * kMiB : 2 * *body.Memory;
        if (*body.MemorySwap < *body.Memory) throw Invalid("memorySwapMb", "includes the memory: expected memoryMb at least");
    }
    body.PidsLimit = input.pidsLimit;
    return body;
}

class ContainerUpdate : public Group {
public:
    ContainerUpdate(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("containers.update", "Changes a container's restart policy and limits", admin, Tier::modify,
                       this, &ContainerUpdate::update)
            .route("PATCH", "/api/containers/{id}")
            .input("id", "Id, start of an id, or name", pattern(kContainerPattern))
            .input("restartPolicy", "When the engine starts it again",
                   oneOf({"no", "always", "unless-stopped", "on-failure"}))
            .input("maximumRetryCount", "Of on-failure; 0: without end", range(0, 1000))
            .input("cpus", "Cores that it may use: 1.5", range(0.01, 1024.0))
            .input("memoryMb", "MiB that it may use", range(6, 64 * 1024 * 1024))
            .input("memorySwapMb", "MiB of memory and swap together; twice the memory unless given",
                   range(6, 128 * 1024 * 1024))
            .input("pidsLimit", "Processes and threads that it may have; -1: any number", range(-1, 4'194'304))
            .target("container", "id");
    }

    Updated update(const UpdateInput& input) {
        const std::string body = toJson(bodyOf(input));
        if (body == "{}") throw Invalid("expected something to change: restartPolicy, cpus, memoryMb or pidsLimit");
        const RecordPtr record = services_.keeper.resolve(input.id);
        try {
            const auto answer = services_.client.get<UpdateAnswer>({.method = "POST",
                                                                    .path = {"containers", record->id, "update"},
                                                                    .limit = std::chrono::seconds(30),
                                                                    .body = body});
            return {true, answer.Warnings.value_or(std::vector<std::string>{})};
        } catch (const EngineRefusal& refusal) {
            throw Conflict("cannot change " + record->shown.name + ": " + refusal.words);
        }
    }

private:
    Services& services_;
};

} // namespace

std::unique_ptr<Group> containerUpdate(Registry& registry, Services& services) {
    return std::make_unique<ContainerUpdate>(registry, services);
}

} // namespace talome::docker
