// What is loaded, and why something is not; and that it be another way: /api/plugins.
#pragma once

#include "host/plugins/manager.hpp"

#include <talome/plugin.hpp>

namespace talome::api {

struct PluginInput {
    std::string id;
};
BOOST_DESCRIBE_STRUCT(PluginInput, (), (id))

/// Any thread.
class Plugins {
public:
    Plugins(Registry& registry, plugins::Manager& manager);

private:
    std::vector<plugins::PluginInfo> list() const;
    plugins::PluginDetail get(const PluginInput&) const;
    plugins::PluginDetail enable(const PluginInput&);
    plugins::PluginDetail disable(const PluginInput&);
    plugins::PluginDetail replace(const PluginInput&);

    plugins::Manager& manager_;
};

} // namespace talome::api
