// What was checked, and how it came out.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace talome::check {

enum class Outcome { ok, failed, skipped };

struct Result {
    std::string name;
    Outcome outcome;
    std::string why;
};

/// Says each as it comes, unless it is told to keep quiet.
class Report {
public:
    explicit Report(bool quiet) : quiet_(quiet) {}

    void ok(const std::string& name, const std::string& more = {}) { add({name, Outcome::ok, more}); }
    void failed(const std::string& name, const std::string& why) { add({name, Outcome::failed, why}); }
    void skipped(const std::string& name, const std::string& why) { add({name, Outcome::skipped, why}); }

    const std::vector<Result>& all() const { return all_; }
    std::size_t count(Outcome) const;
    bool has(const std::string& name, Outcome) const;
    std::string json(const std::string& plugin) const;

private:
    void add(Result);

    const bool quiet_;
    std::vector<Result> all_;
};

} // namespace talome::check
