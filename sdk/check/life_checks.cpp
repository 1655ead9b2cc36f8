// What is checked of a plugin's life.
#include "sdk/check/script.hpp"

#include <algorithm>

namespace talome::check {

namespace {

/// In its process, when it has ended what it began: threads that are about to end get a moment.
std::vector<std::string> threadsLeft(Near& near) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    for (;;) {
        auto all = near.threads();
        if (all.size() <= 1 || std::chrono::steady_clock::now() > end) {
            if (!all.empty()) all.erase(all.begin()); // the main one
            return all;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::string joined(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& each : all) text += (text.empty() ? "" : ", ") + each;
    return text;
}

} // namespace

/// An area that is needed must be asked for; without it, create() fails with words, and without one that is wanted it
/// does not.
void Script::checkWithoutAreas() {
    const auto check = [&](const std::string& area, bool needed) {
        const auto name = "without " + area;
        try {
            Session without(places_, options_.plugin, text_, options_.with, area, options_.limit);
            std::string why;
            try {
                without.start();
            } catch (const std::exception& error) {
                why = error.what();
            }
            without.end();
            collect(without.near());
            if (const auto death = without.near().death())
                report_.failed(name, *death);
            else if (needed && why.empty())
                report_.failed(name, "it starts, and its manifest says that it needs it");
            else if (needed && why.find("gave no reason") != why.npos)
                report_.failed(name, "create() fails and gives no reason");
            else if (!needed && !why.empty())
                report_.failed(name, "it can do without, and then: " + why);
            else
                report_.ok(name, needed ? "create() fails with words" : "it starts");
        } catch (const std::exception& error) {
            report_.failed(name, error.what());
        }
    };
    for (const auto& area : manifest_.needs) check(area, true);
    for (const auto& area : manifest_.wants) check(area, false);
}

void Script::checkLife() {
    within("life", [](Session&) {});
    if (session_ && (!session_->runs() || session_->near().death())) session_.reset();
}

/// create A, start A, activate A, create B, start B, quiesce A, activate B, stop A, destroy A; and then B alone.
void Script::checkGenerations() {
    within("generations", [](Session& now) {
        now.replace();
        now.replace();
    });
}

/// A life that leaves something behind leaves it each time: so the second one is measured by the first.
void Script::checkLeftovers() {
    std::vector<std::string> threads, descriptors;
    within("lives", [&](Session& now) {
        now.disable();
        threads = threadsLeft(now.near());
        const auto before = now.near().descriptors();
        for (int i = 0; i < 2; ++i) {
            now.enable();
            now.disable();
        }
        for (const auto& each : now.near().descriptors())
            if (std::find(before.begin(), before.end(), each) == before.end()) descriptors.push_back(each);
        if (threads.empty()) threads = threadsLeft(now.near());
    });
    if (report_.has("lives", Outcome::failed)) return;
    threads.empty() ? report_.ok("threads left", "none")
                    : report_.failed("threads left", "after destroy(): " + joined(threads));
    descriptors.empty() ? report_.ok("descriptors left", "none")
                        : report_.failed("descriptors left", "after each life: " + joined(descriptors));
}

void Script::checkUnload() {
    if (!session_ || session_->near().death() || report_.has("lives", Outcome::failed))
        return report_.skipped("unload", "its process has ended");
    session_->end();
    if (report_.has("threads left", Outcome::failed))
        return session_->near().canUnload()
                   ? report_.failed("unload", "it says that it can be unloaded, and has left a thread behind")
                   : report_.skipped("unload", "its flags do not say that it can be");
    bool fine = false;
    try {
        const auto why = session_->near().unload(fine);
        if (!fine)
            report_.failed("unload", why);
        else if (!why.empty())
            report_.skipped("unload", why);
        else
            report_.ok("unload", "really unmapped");
    } catch (const std::exception&) {
        report_.failed("unload", session_->near().death().value_or("its process has ended"));
    }
}

} // namespace talome::check
