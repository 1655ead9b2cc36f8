// The script that every plugin goes through.
#pragma once

#include "sdk/check/report.hpp"
#include "sdk/check/session.hpp"
#include "sdk/manifest/manifest.hpp"

#include <functional>
#include <optional>
#include <set>

namespace talome::check {

struct Options {
    std::filesystem::path plugin;
    std::vector<std::filesystem::path> with; ///< plugins that it needs
    bool all = false;                        ///< also what changes or destroys something
    std::chrono::milliseconds limit{8'000};  ///< for each function of the plugin
};

class Script {
public:
    Script(const Options&, Places, Report&);
    void run();

private:
    // Of the file.
    void checkElf();
    bool checkManifest(); ///< false: nothing more can be checked
    void checkSchemas();
    // Of its life, in life_checks.cpp.
    void checkWithoutAreas();
    void checkLife();
    void checkGenerations();
    void checkLeftovers();
    void checkUnload();
    // Of what it does, in use_checks.cpp.
    void checkOperations();
    void checkOperation(const manifest::Operation&);
    void checkRequest(const manifest::Operation&);
    std::string answerWrong(const manifest::Operation&, const boost::json::value& input);
    void checkSettings();
    void checkEvents();
    void checkTasks();

    /// A session that runs, the one before if it is alive. Null if it cannot be had.
    Session* session();
    /// Whatever goes wrong in `body` is the check's failure; so is the end of the plugin's process.
    void within(const std::string& name, const std::function<void(Session&)>& body);
    void collect(Near&); ///< what was seen on the way
    void reportFindings();

    const Options options_;
    const Places places_;
    Report& report_;
    const std::string name_; ///< of the file, without its ending
    std::string text_;       ///< of the manifest that registering gives today
    manifest::Manifest manifest_;
    std::unique_ptr<Session> session_;
    int begun_ = 0; ///< sessions
    std::map<std::string, std::set<std::string>> findings_;
};

} // namespace talome::check
