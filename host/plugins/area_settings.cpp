// talome.settings: declared by the plugin, kept by the host.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

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

const talome_settings& settingsArea() {
    static const talome_settings table{sizeof table, 0, declare, onChange, get};
    return table;
}

} // namespace talome::plugins
