// What was checked, and how it came out.
#include "sdk/check/report.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace talome::check {

namespace {

const char* nameOf(Outcome outcome) {
    return outcome == Outcome::ok ? "ok" : outcome == Outcome::failed ? "FAILED" : "skipped";
}

} // namespace

void Report::add(Result result) {
    if (!quiet_) {
        std::printf("%-8s %s%s%s\n", nameOf(result.outcome), result.name.c_str(), result.why.empty() ? "" : ": ",
                    result.why.c_str());
        std::fflush(stdout);
    }
    all_.push_back(std::move(result));
}

std::size_t Report::count(Outcome outcome) const {
    return static_cast<std::size_t>(
        std::count_if(all_.begin(), all_.end(), [&](const Result& each) { return each.outcome == outcome; }));
}

bool Report::has(const std::string& name, Outcome outcome) const {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const Result& each) { return each.name == name && each.outcome == outcome; });
}

std::string Report::json(const std::string& plugin) const {
    boost::json::array checks;
    for (const auto& each : all_)
        checks.push_back(
            boost::json::object{{"name", each.name},
                                {"outcome", each.outcome == Outcome::failed ? "failed" : nameOf(each.outcome)},
                                {"reason", each.why}});
    return boost::json::serialize(boost::json::object{{"plugin", plugin},
                                                      {"passed", count(Outcome::ok)},
                                                      {"failed", count(Outcome::failed)},
                                                      {"skipped", count(Outcome::skipped)},
                                                      {"checks", std::move(checks)}});
}

} // namespace talome::check
