// Hashes and verifies passwords on threads of its own.
#include "host/auth/passwords.hpp"

#include "host/auth/limiter.hpp"
#include "host/auth/password.hpp"
#include "host/log/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/resource.h>
#include <talome/errors.hpp>
#include <unistd.h>

namespace talome::auth {

namespace {

constexpr std::chrono::minutes kSuspicion{1};
constexpr std::size_t kMostSuspects = 4'096;
constexpr int kNice = 10; // a tenth of what a thread of the server gets when both want the processor

[[noreturn]] void refuse() { throw Limited("too many passwords to check at once; try again in a second"); }

} // namespace

Passwords::~Passwords() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
}

std::string Passwords::hash(std::string_view password, const std::string& peer) {
    std::string made;
    run(peer, [&] { made = hashPassword(password); });
    return made;
}

bool Passwords::verify(std::string_view password, const std::string& hash, const std::string& peer) {
    bool right = false;
    run(peer, [&] { right = verifyPassword(password, hash); });
    if (!right) suspect(peer);
    return right;
}

void Passwords::verifyNothing(std::string_view password, const std::string& peer) {
    run(peer, [&] { verifyPassword(password, hashOfNobody()); });
    suspect(peer);
}

void Passwords::run(const std::string& peer, const std::function<void()>& work) {
    Job job{work, false, nullptr};
    std::unique_lock lock(mutex_);
    enter(job, networkOf(peer));
    start();
    wake_.notify_one();
    done_.wait(lock, [&] { return job.done; });
    if (job.failure) std::rethrow_exception(job.failure);
}

/// Gives the job a place, or throws.
void Passwords::enter(Job& job, const std::string& network) {
    const auto held = [&](const std::string& of) {
        const auto waits = waiting_.find(of);
        const auto runs = running_.find(of);
        return (waits == waiting_.end() ? 0 : waits->second.size()) + (runs == running_.end() ? 0 : runs->second);
    };
    const auto mine = held(network);
    if (mine >= bounds_.ofNetwork) refuse();
    if (count_ >= bounds_.all) {
        const auto greediest = std::max_element(waiting_.begin(), waiting_.end(), [](const auto& a, const auto& b) {
            return a.second.size() < b.second.size();
        });
        if (greediest == waiting_.end() || held(greediest->first) <= mine + 1) refuse();
        auto* const latest = greediest->second.back();
        greediest->second.pop_back();
        if (greediest->second.empty()) waiting_.erase(greediest);
        try {
            refuse();
        } catch (...) {
            finish(*latest, std::current_exception());
        }
    }
    waiting_[network].push_back(&job);
    ++count_;
}

void Passwords::suspect(const std::string& peer) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (suspects_.size() >= kMostSuspects)
        std::erase_if(suspects_, [&](const auto& each) { return each.second <= now; });
    if (suspects_.size() >= kMostSuspects) return; // so many that it helps nobody to tell them apart
    suspects_[networkOf(peer)] = now + kSuspicion;
}

/// Whose turn it is: after the last one, and the unsuspected before the others.
std::map<std::string, Passwords::Queue>::iterator Passwords::next() {
    const auto now = std::chrono::steady_clock::now();
    auto turn = waiting_.upper_bound(last_), first = waiting_.end();
    for (std::size_t n = 0; n < waiting_.size(); ++n, ++turn) {
        if (turn == waiting_.end()) turn = waiting_.begin();
        if (first == waiting_.end()) first = turn;
        const auto found = suspects_.find(turn->first);
        if (found == suspects_.end() || found->second <= now) return turn;
    }
    return first;
}

void Passwords::start() {
    if (threads_.size() >= bounds_.threads) return;
    threads_.emplace_back([this] { serve(); });
}

void Passwords::finish(Job& job, std::exception_ptr failure) {
    job.failure = std::move(failure);
    job.done = true;
    --count_;
    done_.notify_all();
}

void Passwords::serve() {
    // Of this thread alone: in Linux a thread has a priority of its own.
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) != 0)
        log::warn("auth", std::string("passwords are checked at the common priority: ") + std::strerror(errno));
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        const auto turn = next();
        const auto network = last_ = turn->first;
        auto* const job = turn->second.front();
        turn->second.pop_front();
        if (turn->second.empty()) waiting_.erase(turn);
        ++running_[network];
        std::exception_ptr failure;
        lock.unlock();
        try {
            job->work();
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        if (--running_[network] == 0) running_.erase(network);
        finish(*job, std::move(failure));
    }
}

} // namespace talome::auth
