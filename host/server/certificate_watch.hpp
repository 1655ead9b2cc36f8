// Certificates are renewed while the server runs: looks every ten minutes whether the files have changed.
#pragma once

#include "host/http/tls.hpp"
#include "host/tasks/pool.hpp"
#include "host/tasks/reactor.hpp"

#include <atomic>
#include <filesystem>
#include <memory>

namespace talome {

/// Reads the files again when they have changed, and once a day for a new ticket key. Bad files are logged, and the old
/// certificate serves on. One thread of the pool at a time.
class CertificateWatch {
public:
    CertificateWatch(tasks::Reactor& reactor, tasks::Pool& pool, std::shared_ptr<http::TlsContext> tls,
                     std::filesystem::path chain, std::filesystem::path key);
    ~CertificateWatch();
    CertificateWatch(const CertificateWatch&) = delete;
    CertificateWatch& operator=(const CertificateWatch&) = delete;

    const std::shared_ptr<http::TlsContext>& tls() const { return tls_; }

private:
    struct Stamp {
        std::filesystem::file_time_type chain, key;
        bool operator==(const Stamp&) const = default;
    };
    Stamp stamp() const;
    void plan();
    void look();

    tasks::Reactor& reactor_;
    const std::shared_ptr<tasks::Strand> strand_;
    const std::shared_ptr<http::TlsContext> tls_;
    const std::filesystem::path chain_, key_;
    Stamp seen_;
    tasks::Reactor::Clock::time_point loaded_;
    std::atomic<std::uint64_t> timer_{0};
    std::atomic<bool> ended_{false};
};

} // namespace talome
