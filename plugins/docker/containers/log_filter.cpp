#include "containers/log_filter.hpp"

#include <talome/errors.hpp>

#include <dlfcn.h>
#include <re2/re2.h>

namespace talome::docker {

void keepRe2() {
    static const bool kept = [] {
        Dl_info library{};
        return ::dladdr(reinterpret_cast<const void*>(&re2::RE2::QuoteMeta), &library) && library.dli_fname &&
               ::dlopen(library.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    }();
    static_cast<void>(kept);
}

LogFilter::LogFilter(const std::optional<std::string>& expression, bool caseSensitive, const char* field) {
    if (!expression) return;
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    options.set_case_sensitive(caseSensitive);
    auto compiled = std::make_unique<const re2::RE2>(*expression, options);
    if (!compiled->ok()) throw Invalid(field, "is no expression of RE2's: " + compiled->error());
    expression_ = std::move(compiled);
}

LogFilter::~LogFilter() = default;
LogFilter::LogFilter(LogFilter&&) noexcept = default;
LogFilter& LogFilter::operator=(LogFilter&&) noexcept = default;

bool LogFilter::wants(std::string_view text) const {
    return !expression_ || re2::RE2::PartialMatch({text.data(), text.size()}, *expression_);
}

} // namespace talome::docker
