// POST /api/images/pull: a job, for it may take long. Its progress is in bytes; cancelling it, and a registry that sends
// nothing for too long, end it in the engine as well. Cut off, it begins again: the engine keeps the layers that it has.
#include "engine/line_splitter.hpp"
#include "images/image_reader.hpp"
#include "images/image_reference.hpp"
#include "images/pull_progress.hpp"
#include "images/registry_credentials.hpp"
#include "services.hpp"

#include <talome/jobs.hpp>

namespace talome::docker {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLongest = 12h;
constexpr auto kBetweenProgress = 250ms;
constexpr std::size_t kLongestLine = 64 * 1024;
constexpr const char* kStallSetting = "docker_pull_stall_seconds";

struct PullInput {
    std::string image;
    std::optional<std::string> platform;
};
BOOST_DESCRIBE_STRUCT(PullInput, (), (image, platform))

struct Pulled {
    std::string image, id;
    std::vector<std::string> digests;
    bool upToDate = false; // it was here already
};
BOOST_DESCRIBE_STRUCT(Pulled, (), (image, id, digests, upToDate))

class ImagePull : public Group {
public:
    ImagePull(Registry& registry, Services& services) : services_(services) {
        registry
            .operation("images.pull", "Pulls an image from its registry, as a job", admin, Tier::modify, this,
                       &ImagePull::begin)
            .route("POST", "/api/images/pull", 202)
            .input("image", "[registry/]path[:tag][@digest]", pattern(kImagePattern))
            .input("platform", "os/architecture, where it is not the engine's own",
                   pattern("^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?$"), length(3, 64))
            .target("image", "image");
        registry.job("images.pullJob", "Pulls an image", admin, this, &ImagePull::pull).resumable().limit(kLongest);
        registry
            .setting(kStallSetting, "Seconds after which a pull ends if its registry sends nothing", 120)
            .range(5, 3600);
        registry.setting(kRegistriesSetting, "Name and password for registries, by registry: docker.io, ghcr.io …",
                         RegistryLogins{})
            .secret();
    }

    JobStarted begin(Call& call, const PullInput& input) {
        services_.cache.trueSnapshot(); // throws where there is no engine
        const ImageReference image = parseImage(input.image);
        return services_.host.startJob(call, "images.pullJob", input, "Pull " + image.text());
    }

    Pulled pull(Call& call, JobRun& run, const PullInput& input) {
        const ImageReference image = parseImage(input.image);
        PullProgress progress;
        LineSplitter lines(kLongestLine);
        auto last = Clock::time_point{};
        const auto line = [&](std::string_view text) {
            if (!text.empty()) progress.line(text);
        };
        try {
            services_.client.stream(requestFor(call, image, input), [&](std::string_view bytes) {
                lines.feed(bytes, line);
                if (Clock::now() - last < kBetweenProgress) return;
                last = Clock::now();
                tell(run, progress);
            });
        } catch (const EngineRefusal& refusal) {
            PullProgress().line(R"({"error":)" + toJson(refusal.words) + "}"); // throws it as what it means
        } catch (const Timeout& late) {
            throw Timeout("the pull of " + image.text() + " has stalled: " + late.what());
        }
        tell(run, progress);
        const auto here = inspectImage(services_.client, image.text());
        return {image.text(), here.Id, here.RepoDigests.value_or(std::vector<std::string>{}), progress.upToDate()};
    }

private:
    static void tell(JobRun& run, const PullProgress& progress) {
        const std::int64_t total = progress.total();
        JobProgress told{.done = progress.done(),
                         .total = total,
                         .unit = "bytes",
                         .phase = progress.phase(),
                         .message = progress.message()};
        if (total > 0) told.fraction = std::min(1.0, static_cast<double>(told.done) / static_cast<double>(total));
        run.progress(told);
    }

    EngineRequest requestFor(Call& call, const ImageReference& image, const PullInput& input) {
        EngineRequest request{.method = "POST",
                              .path = {"images", "create"},
                              .query = {{"fromImage", image.repository()},
                                        {"tag", image.digest.empty() ? image.tag : image.digest}},
                              .limit = kLongest,
                              .cancelled = [&call] { return call.cancelled(); },
                              .idle = std::chrono::seconds(services_.host.setting<int>(kStallSetting))};
        if (input.platform) request.query.emplace_back("platform", *input.platform);
        if (const auto login = registryLogin(services_.host, image.registry))
            request.headers.emplace_back("X-Registry-Auth", engineAuthorization(image.registry, *login));
        return request;
    }

    Services& services_;
};

} // namespace

std::unique_ptr<Group> imagePull(Registry& registry, Services& services) {
    return std::make_unique<ImagePull>(registry, services);
}

} // namespace talome::docker
