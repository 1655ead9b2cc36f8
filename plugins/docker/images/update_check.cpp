// Whether a registry has something newer under the name of an image: the digests are compared, nothing is pulled.
//   GET  /api/images/updates          what is known of the images that containers are made from
//   POST /api/images/updates/check    a job that asks for all of them
//   GET  /api/images/update?image=…   one, asked now unless it was a moment ago
#include "engine/time_spec.hpp"
#include "images/image_reader.hpp"
#include "images/registry_client.hpp"
#include "services.hpp"

#include <talome/jobs.hpp>

#include <algorithm>

namespace talome::docker {

namespace {

constexpr std::int64_t kFreshMs = 5 * 60'000;
constexpr std::int64_t kForgottenMs = std::int64_t{30} * 86'400'000;

struct ImageUpdate {
    std::string image;
    // "current", "available", "pinned" (by digest), "local" (comes from no registry), "unknown" (never asked, or `error`)
    std::string state;
    bool updateAvailable = false;
    std::vector<std::string> localDigests;
    std::optional<std::string> latestDigest, checkedAt, error;
    std::vector<std::string> containers; // of the list
};
BOOST_DESCRIBE_STRUCT(ImageUpdate, (),
                      (image, state, updateAvailable, localDigests, latestDigest, checkedAt, error, containers))

struct CheckInput {
    std::string image;
    bool refresh = false;
};
BOOST_DESCRIBE_STRUCT(CheckInput, (), (image, refresh))

struct Checked {
    int checked = 0, available = 0, failed = 0;
};
BOOST_DESCRIBE_STRUCT(Checked, (), (checked, available, failed))

struct Known {
    std::optional<std::string> latest, error;
    std::int64_t atMs = 0;
};

class UpdateCheck : public Group {
public:
    UpdateCheck(Registry& registry, Services& services)
        : services_(services), registries_(services.host, services.client) {
        registry
            .operation("images.updates", "What is known of newer versions of the images that containers use", kApps,
                       Tier::read, this, &UpdateCheck::updates)
            .route("GET", "/api/images/updates");
        registry
            .operation("images.checkUpdates", "Asks the registries for newer versions of all images in use, as a job",
                       kApps, Tier::modify, this, &UpdateCheck::begin)
            .route("POST", "/api/images/updates/check", 202);
        registry.job("images.checkUpdatesJob", "Asks registries for newer images", kApps, this, &UpdateCheck::checkAll);
        registry
            .operation("images.checkUpdate", "Asks the registry whether it has a newer version of an image", kApps,
                       Tier::read, this, &UpdateCheck::check)
            .route("GET", "/api/images/update")
            .input("image", "[registry/]path[:tag]", pattern(kImagePattern))
            .input("refresh", "Also if it was asked within five minutes", false)
            .timeLimit(std::chrono::minutes(1));
    }

    std::vector<ImageUpdate> updates() {
        std::vector<ImageUpdate> all;
        for (const auto& [name, containers] : inUse()) {
            try {
                all.push_back(describe(parseImage(name), known(name)));
                all.back().containers = containers;
            } catch (const NotFound&) { // the container outlives its image's name
            }
        }
        return all;
    }

    ImageUpdate check(Call& call, const CheckInput& input) {
        const ImageReference image = parseImage(input.image);
        services_.cache.trueSnapshot();
        auto before = known(image.text());
        const bool fresh = before && !before->error && services_.host.nowMs() - before->atMs < kFreshMs;
        if (fresh && !input.refresh) return describe(image, before);
        return ask(call, image);
    }

    JobStarted begin(Call& call) {
        services_.cache.trueSnapshot();
        return services_.host.startJob(call, "images.checkUpdatesJob", Nothing{}, "Ask for newer images");
    }

    Checked checkAll(Call& call, JobRun& run) {
        Checked sum;
        const auto names = inUse();
        for (const auto& [name, containers] : names) {
            if (call.cancelled()) throw Cancelled("told to end");
            run.progress({.done = sum.checked, .total = std::ssize(names), .unit = "images", .message = name});
            ImageUpdate update;
            try {
                update = ask(call, parseImage(name));
            } catch (const NotFound& gone) {
                update.error = gone.what();
            }
            ++sum.checked;
            sum.available += update.updateAvailable;
            sum.failed += update.error.has_value();
            if (update.error) run.warn(name + ": " + *update.error);
        }
        services_.host.database().execute("DELETE FROM image_updates WHERE checked_at < ?",
                                          services_.host.nowMs() - kForgottenMs);
        return sum;
    }

private:
    // Names of images that containers were made from, with the containers'. Those made from an id have none.
    std::map<std::string, std::vector<std::string>> inUse() {
        std::map<std::string, std::vector<std::string>> names;
        for (const auto& container : listUsers(services_.client)) {
            try {
                names[parseImage(container.Image).text()].push_back(nameOf(container));
            } catch (const Invalid&) { // "sha256:…": the name has moved on to another image
            }
        }
        return names;
    }

    std::optional<Known> known(const std::string& name) {
        std::optional<Known> found;
        services_.host.database().each(
            "SELECT digest, error, checked_at FROM image_updates WHERE image = ?",
            [&](const RowView& row) {
                found = Known{row.get<std::optional<std::string>>(0), row.get<std::optional<std::string>>(1),
                              row.get<std::int64_t>(2)};
            },
            name);
        return found;
    }

    ImageUpdate ask(Call& call, const ImageReference& image) {
        ImageUpdate local = describe(image, std::nullopt);
        if (local.state != "unknown") return local; // pinned, or of no registry
        Known known{{}, {}, services_.host.nowMs()};
        try {
            known.latest = registries_.digest(&call, image);
        } catch (const Cancelled&) {
            throw;
        } catch (const Error& error) {
            known.error = error.what();
            if (const auto before = this->known(image.text())) known.latest = before->latest; // it is not forgotten for that
        }
        services_.host.database().execute(
            "INSERT INTO image_updates(image, digest, error, checked_at) VALUES(?, ?, ?, ?) ON CONFLICT(image) DO UPDATE "
            "SET digest = excluded.digest, error = excluded.error, checked_at = excluded.checked_at",
            image.text(), known.latest, known.error, known.atMs);
        return describe(image, known);
    }

    ImageUpdate describe(const ImageReference& image, const std::optional<Known>& known) {
        ImageUpdate update;
        update.image = image.text();
        update.state = "unknown";
        update.localDigests = localDigests(image);
        if (!image.digest.empty()) {
            update.state = "pinned";
        } else if (update.localDigests.empty()) {
            update.state = "local";
        } else if (known) {
            update.checkedAt = isoTime(known->atMs / 1000);
            update.error = known->error;
            update.latestDigest = known->latest;
            if (known->latest) {
                const auto& here = update.localDigests;
                update.updateAvailable = std::find(here.begin(), here.end(), *known->latest) == here.end();
                update.state = update.updateAvailable ? "available" : "current";
            }
        }
        return update;
    }

    // Of this image as its own registry named it.
    std::vector<std::string> localDigests(const ImageReference& image) {
        std::vector<std::string> digests;
        const auto here = inspectImage(services_.client, image.text());
        for (const std::string& text : here.RepoDigests.value_or(std::vector<std::string>{})) {
            try {
                if (const auto named = parseImage(text); named.sameRepository(image)) digests.push_back(named.digest);
            } catch (const Invalid&) { // a kind of digest that is not known here
            }
        }
        return digests;
    }

    Services& services_;
    RegistryClient registries_;
};

} // namespace

std::unique_ptr<Group> updateCheck(Registry& registry, Services& services) {
    return std::make_unique<UpdateCheck>(registry, services);
}

} // namespace talome::docker
