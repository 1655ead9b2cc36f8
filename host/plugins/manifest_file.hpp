// NAME.plugin.json beside NAME.so: read and checked before anything of the plugin is loaded.
#pragma once

#include "sdk/manifest/manifest.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace talome::plugins {

/// Says why a plugin is not there; never stops the server.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// `file`: the .so. Throws Refused with words that name both sides.
manifest::Manifest readManifest(const std::filesystem::path& file);

/// Throws Refused if something was registered that the manifest does not have, or has in another form.
void requireWithin(const manifest::Manifest& declared, const manifest::Manifest& written);

} // namespace talome::plugins
