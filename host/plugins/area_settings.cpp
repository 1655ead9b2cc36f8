// talome.settings: declared by the plugin, kept by the host.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

#include <future>

namespace talome::plugins {

namespace {

constexpr std::chrono::seconds kMostToAnswer{10};

talome_status declare(talome_self* self, const talome_setting* setting) noexcept {
    return declaring(self, [&] { self->settings.push_back(manifest::record(setting)); });
}

talome_status onChange(talome_self* self, talome_setting_changing changing, void* user) noexcept {
    return declaring(self, [&] {
        self->changing = changing;
        self->changingUser = user;
    });
}

talome_status get(talome_self* self, talome_str key, talome_sink json, void* to) noexcept {
    return edge([&]() -> talome_status {
        const std::string name(view(key));
        if (std::none_of(self->settings.begin(), self->settings.end(),
                         [&](const auto& each) { return each.key == name; }))
            throw gate::Failure(TALOME_E_DENIED, self->id + " has not declared the setting '" + name + "'");
        json(to, bytes(self->services.settings.get(name)));
        return TALOME_OK;
    });
}

} // namespace

// Holds nothing of the plugin but its strand: once that is closed, nobody is asked any more.
settings::Settings::Changing questionTo(const talome_self& self) {
    return [id = self.id, strand = self.strand, changing = self.changing,
            user = self.changingUser](const std::string& key, const std::string& json) {
        const auto ask = [=]() -> std::optional<gate::Failure> {
            const settings::Answering answering;
            gate::lastWords().clear();
            const auto status = changing(user, str(key), bytes(json));
            if (status >= 0) return std::nullopt;
            return gate::Failure(status, std::exchange(gate::lastWords(), {}));
        };
        std::optional<gate::Failure> refused;
        if (strand->isHere()) {
            refused = ask();
        } else {
            const auto task = std::make_shared<std::packaged_task<std::optional<gate::Failure>()>>(ask);
            auto answer = task->get_future();
            strand->post([task] { (*task)(); });
            if (answer.wait_for(kMostToAnswer) != std::future_status::ready)
                throw gate::Failure(TALOME_E_TIMEOUT,
                                    id + " does not answer whether '" + key + "' may have this value");
            try {
                refused = answer.get();
            } catch (const std::future_error&) { // its strand is closed, and the task was dropped
                throw gate::Failure(TALOME_E_UNAVAILABLE, id + " is being ended; try again");
            }
        }
        if (refused) throw gate::Failure(*refused);
    };
}

const talome_settings& settingsArea() {
    static const talome_settings table{sizeof table, 0, declare, onChange, get};
    return table;
}

} // namespace talome::plugins
