// What is known of a failure on the thread that it happened on, while it crosses plugins as a status and words.
#include "host/gate/gate.hpp"

#include <optional>

namespace talome::gate {

namespace {

std::optional<Failure>& lastFailure() {
    static thread_local std::optional<Failure> failure;
    return failure;
}

} // namespace

std::string& lastWords() {
    static thread_local std::string words;
    return words;
}

void rememberFailure(const Failure& failure) { lastFailure() = failure; }

void succeedOrThrow(talome_status status, const std::string& operation) {
    auto known = std::exchange(lastFailure(), std::nullopt);
    if (status >= 0) return;
    auto words = std::exchange(lastWords(), {});
    if (words.empty()) words = operation + " failed";
    Failure failure(status, words);
    if (known && known->status == status && words == known->what()) { // passed on as it came
        failure.details = std::move(known->details);
        failure.members = std::move(known->members);
        failure.retryAfter = known->retryAfter;
    }
    throw failure;
}

} // namespace talome::gate
