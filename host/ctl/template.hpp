// The SDK's template under another name: what `talomectl plugin new` writes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace talome::ctl {

/// Why a plugin cannot have this name; empty if it can.
std::string whyNotAName(const std::string& name);

/// A text of the template, "greeter", as it is for a plugin of that name: its id, class, operations, tools and
/// settings. Names have a grammar each, so "my-plugin" is MyPlugin, myPlugin.hello and my_plugin_word as well.
std::string renamed(const std::string& text, const std::string& name);

/// Copies every file of `from` into the new folder `to`. Throws std::runtime_error, and then `to` is not there. Returns
/// what was written, as paths in `to`.
std::vector<std::string> copyTemplate(const std::filesystem::path& from, const std::filesystem::path& to,
                                      const std::string& name);

/// "template" or "template-c" of the SDK that belongs to this program, installed or in a source tree. Throws
/// std::runtime_error.
std::filesystem::path findTemplate(const std::string& which);

} // namespace talome::ctl
