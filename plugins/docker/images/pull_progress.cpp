#include "images/pull_progress.hpp"

#include <talome/json.hpp>

#include <algorithm>

namespace talome::docker {

namespace {

struct Detail {
    std::optional<std::int64_t> current, total;
};
BOOST_DESCRIBE_STRUCT(Detail, (), (current, total))
struct Problem {
    std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (message))
struct Line {
    std::optional<std::string> status, id, error;
    std::optional<Detail> progressDetail;
    std::optional<Problem> errorDetail;
};
BOOST_DESCRIBE_STRUCT(Line, (), (status, id, error, progressDetail, errorDetail))

bool has(const std::string& text, std::string_view word) { return text.find(word) != std::string::npos; }

[[noreturn]] void fail(const std::string& words) {
    if (has(words, "toomanyrequests") || has(words, "rate limit")) throw Limited("the registry: " + words);
    if (has(words, "denied") || has(words, "unauthorized") || has(words, "no basic auth"))
        throw Denied("the registry: " + words);
    if (has(words, "manifest unknown") || has(words, "not found") || has(words, "name unknown"))
        throw NotFound("the registry: " + words);
    throw BadUpstream("the image cannot be pulled: " + words);
}

} // namespace

void PullProgress::line(std::string_view json) {
    Line line;
    try {
        line = readText<Line>(json);
    } catch (const Invalid& error) {
        throw BadUpstream(std::string("the Docker engine's progress cannot be read: ") + error.what());
    }
    if (line.error || line.errorDetail)
        fail(line.errorDetail && line.errorDetail->message ? *line.errorDetail->message : line.error.value_or("no reason"));
    const std::string status = line.status.value_or("");
    if (!line.id) {
        if (has(status, "Image is up to date")) upToDate_ = true;
        return;
    }
    if (status.starts_with("Pulling from")) return; // the id is the tag
    Layer& layer = layers_[*line.id];
    const Detail detail = line.progressDetail.value_or(Detail{});
    if (status == "Downloading") {
        layer.total = std::max(detail.total.value_or(layer.total), layer.total);
        layer.done = std::max(detail.current.value_or(0), layer.done);
    } else if (status == "Download complete" || status == "Verifying Checksum" || status == "Extracting") {
        layer.downloaded = true;
        layer.total = std::max(detail.total.value_or(layer.total), layer.total);
        layer.done = layer.total;
    } else if (status == "Pull complete" || status == "Already exists") {
        layer.downloaded = layer.extracted = true;
        layer.done = layer.total;
    }
    count();
}

void PullProgress::count() {
    const auto whole = std::count_if(layers_.begin(), layers_.end(), [](const auto& each) { return each.second.extracted; });
    message_ = std::to_string(whole) + " of " + std::to_string(layers_.size()) + " layers";
}

std::int64_t PullProgress::done() const {
    std::int64_t sum = 0;
    for (const auto& [id, layer] : layers_) sum += layer.done;
    return sum;
}

std::int64_t PullProgress::total() const {
    std::int64_t sum = 0;
    for (const auto& [id, layer] : layers_) sum += layer.total;
    return sum;
}

std::string_view PullProgress::phase() const {
    if (upToDate_) return "done";
    if (layers_.empty()) return "prepare";
    const auto all = [&](bool Layer::*what) {
        return std::all_of(layers_.begin(), layers_.end(), [&](const auto& each) { return each.second.*what; });
    };
    return all(&Layer::extracted) ? "done" : all(&Layer::downloaded) ? "extract" : "download";
}

} // namespace talome::docker
