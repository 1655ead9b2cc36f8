#include "host/server/certificate_watch.hpp"

#include "host/log/log.hpp"

namespace talome {

namespace {
constexpr std::chrono::minutes kLookEvery{10};
constexpr std::chrono::hours kTicketKey{24};
} // namespace

CertificateWatch::CertificateWatch(tasks::Reactor& reactor, tasks::Pool& pool, std::shared_ptr<http::TlsContext> tls,
                                   std::filesystem::path chain, std::filesystem::path key)
    : reactor_(reactor), strand_(std::make_shared<tasks::Strand>(pool)), tls_(std::move(tls)), chain_(std::move(chain)),
      key_(std::move(key)), seen_(stamp()), loaded_(tasks::Reactor::Clock::now()) {
    for (const auto& warning : tls_->warnings()) log::warn("host", warning);
    plan();
}

// The timer runs on the reactor's thread and only posts: once the strand is closed, nothing more happens.
CertificateWatch::~CertificateWatch() {
    ended_ = true;
    reactor_.cancel(timer_);
    strand_->close();
    reactor_.cancel(timer_); // of a look that was under way
}

CertificateWatch::Stamp CertificateWatch::stamp() const {
    std::error_code chain, key; // a file that is gone for a moment has the stamp of none
    return {std::filesystem::last_write_time(chain_, chain), std::filesystem::last_write_time(key_, key)};
}

void CertificateWatch::plan() {
    if (ended_) return;
    timer_ = reactor_.at(tasks::Reactor::Clock::now() + kLookEvery,
                         [this, strand = strand_] { strand->post([this] { look(); }); });
}

void CertificateWatch::look() {
    const auto now = stamp();
    const bool changed = !(now == seen_);
    if (changed || tasks::Reactor::Clock::now() - loaded_ >= kTicketKey) {
        seen_ = now;
        try {
            tls_->reload();
            loaded_ = tasks::Reactor::Clock::now();
            if (changed) log::info("host", "the certificate " + chain_.string() + " was read again");
        } catch (const std::exception& wrong) {
            log::error("host", std::string("the certificate serves on as it was: ") + wrong.what());
        }
        for (const auto& warning : tls_->warnings()) log::warn("host", warning);
    }
    plan();
}

} // namespace talome
