#include "host/api/error_ring.hpp"

#include "host/log/log.hpp"

#include <Poco/Net/HTTPResponse.h>

namespace talome::api {

namespace {

constexpr std::size_t kMostText = 500; // bytes of a path or a message

std::string cut(std::string_view text) { return std::string(text.substr(0, kMostText)); }

} // namespace

void ErrorRing::note(const http::AccessRecord& record, std::int64_t nowMs) noexcept {
    if (record.status < 500) return;
    try {
        using Response = Poco::Net::HTTPResponse;
        ErrorRecord kept{std::string(record.requestId),
                         log::timestamp(nowMs),
                         std::string(record.method),
                         cut(record.path.substr(0, record.path.find('?'))),
                         std::string(record.route),
                         std::string(record.plugin),
                         record.status,
                         static_cast<double>(record.duration.count()) / 1000,
                         Response::getReasonForStatus(static_cast<Response::HTTPStatus>(record.status)),
                         cut(record.error),
                         std::string(record.user)};
        const std::lock_guard lock(mutex_);
        kept_.emplace_back(nowMs, std::move(kept));
        if (kept_.size() > kMost) kept_.pop_front();
    } catch (const std::exception&) { // the log has it
        log::warn("http", "an error could not be kept: out of memory");
    }
}

std::vector<ErrorRecord> ErrorRing::since(std::int64_t sinceMs) const {
    std::vector<ErrorRecord> found;
    const std::lock_guard lock(mutex_);
    for (auto each = kept_.rbegin(); each != kept_.rend(); ++each)
        if (each->first >= sinceMs) found.push_back(each->second);
    return found;
}

std::size_t ErrorRing::size() const {
    const std::lock_guard lock(mutex_);
    return kept_.size();
}

} // namespace talome::api
