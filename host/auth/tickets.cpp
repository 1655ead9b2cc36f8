#include "host/auth/tickets.hpp"

#include "host/auth/secret.hpp"
#include "host/gate/failure.hpp"

#include <algorithm>
#include <openssl/evp.h>

namespace talome::auth {

namespace {

constexpr std::string_view kPrefix = "eph_";
constexpr std::size_t kBytes = 16;

std::string digestOf(std::string_view word) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(word.data(), word.size(), digest, &size, EVP_sha256(), nullptr) != 1)
        throw gate::Failure(TALOME_E_INTERNAL, "SHA-256 is not available");
    return {reinterpret_cast<const char*>(digest), size};
}

} // namespace

Tickets& Tickets::shared() {
    static Tickets all;
    return all;
}

void Tickets::refreshBy(std::function<Caller(const gate::Principal&)> refresh) {
    const std::lock_guard lock(mutex_);
    refresh_ = std::move(refresh);
    entries_.clear();
}

bool Tickets::isOne(std::string_view word) { return word.starts_with(kPrefix); }

std::string Tickets::make(Caller caller, std::string operation, std::string origin, std::chrono::milliseconds valid) {
    if (!caller->authenticated)
        throw gate::Failure(TALOME_E_UNAUTHENTICATED, "a ticket is for somebody who has logged in");
    if (valid <= valid.zero() || valid > kLongest)
        throw gate::Failure(TALOME_E_INVALID, "a ticket lasts ten minutes at most");
    std::string word = std::string(kPrefix) + toHex(randomBytes(kBytes));
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const auto& each) { return each.second.end <= now; });
    const auto own =
        std::ranges::count_if(entries_, [&](const auto& each) { return each.second.caller->userId == caller->userId; });
    if (entries_.size() >= kMost || static_cast<std::size_t>(own) >= kOfUser)
        throw gate::Failure(TALOME_E_LIMITED, "too many tickets have not been used yet");
    entries_.emplace(digestOf(word), Entry{std::move(caller), std::move(operation), std::move(origin), now + valid});
    return word;
}

Tickets::Caller Tickets::use(const std::string& word, std::string_view operation, std::string_view origin) {
    return take(word, operation, &origin);
}
Tickets::Caller Tickets::use(const std::string& word, std::string_view operation) {
    return take(word, operation, nullptr);
}

Tickets::Caller Tickets::take(const std::string& word, std::string_view operation, const std::string_view* origin) {
    const auto digest = digestOf(word);
    std::unique_lock lock(mutex_);
    const auto found = entries_.find(digest);
    if (found == entries_.end()) return nullptr;
    const Entry entry = std::move(found->second);
    entries_.erase(found);
    const auto refresh = refresh_;
    lock.unlock();
    if (entry.end <= Clock::now() || entry.operation != operation || (origin && entry.origin != *origin))
        return nullptr;
    return refresh ? refresh(*entry.caller) : nullptr;
}

} // namespace talome::auth
