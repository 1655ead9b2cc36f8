// A plugin that runs: its code in a process of its own, and for it a whole server in this one.
#include "sdk/check/session.hpp"

#include "sdk/manifest/file_digest.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace fs = std::filesystem;

namespace talome::check {

namespace {

/// The manifest of the file that stands for the plugin, with that file's digest instead of the plugin's.
std::string ofShim(const std::string& text, const fs::path& shim) {
    std::ifstream in(shim, std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(in), {});
    if (!in) throw std::runtime_error("cannot read " + shim.string());
    auto value = boost::json::parse(text);
    value.as_object()["digest"] = manifest::digestOf(std::as_bytes(std::span(content)));
    value.as_object()["size"] = content.size();
    return boost::json::serialize(value);
}

} // namespace

Places findPlaces() {
    const auto own = fs::read_symlink("/proc/self/exe").parent_path();
    const auto inTree = own.parent_path() / "lib" / "talome"; // where the build puts them
    const auto folder = fs::exists(inTree / "talome-check-runner") ? inTree : own;
    const Places places{folder / "talome-check-runner", folder / "talome-check-shim.so"};
    for (const auto& each : {places.runner, places.shim})
        if (!fs::exists(each)) throw std::runtime_error(each.string() + " is missing: it belongs to talome-check");
    return places;
}

Session::Session(const Places& places, const fs::path& plugin, const std::string& manifest,
                 const std::vector<fs::path>& with, const std::string& hidden, std::chrono::milliseconds limit)
    : with_(with), near_(places.runner, plugin, limit) {
    if (!near_.loaded()) throw std::runtime_error(near_.why());
    if (!hidden.empty()) near_.hidden.insert(hidden);
    const auto file = folder_.path() / (near_.id() + ".so");
    fs::copy_file(places.shim, file);
    ::chmod(file.c_str(), 0644);
    std::ofstream(folder_.path() / (near_.id() + ".plugin.json")) << ofShim(manifest, file);
}

void Session::start() {
    near_.descriptor();
    std::vector files{folder_.path() / (near_.id() + ".so")};
    files.insert(files.end(), with_.begin(), with_.end());
    house_ = std::make_unique<testing::House>(files, 0);
    house_->settle();
}

/// Waits for the generation that is over: the host ends it when its last call has returned.
void Session::request(const char* operation, std::size_t instancesAfterwards) {
    house_->call(0, nullptr, operation, boost::json::serialize(boost::json::object{{"id", near_.id()}}));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (near_.instances() != instancesAfterwards && !near_.death()) {
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error("the generation that is over is not destroyed");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    house_->settle();
}

void Session::disable() { request("plugins.disable", 0); }
void Session::enable() { request("plugins.enable", 1); }
void Session::replace() { request("plugins.replace", 1); }

} // namespace talome::check
