// Names to addresses, on threads that can be left alone.
#include "host/fetch/resolver.hpp"

#include <algorithm>
#include <netdb.h>
#include <stdexcept>
#include <talome/errors.hpp>
#include <thread>
#include <utility>

namespace talome::fetch {

namespace {
constexpr std::size_t kAtOnce = 8, kMostWaiting = 256;

struct Question {
    std::string host;
    std::function<bool()> wanted;
    Resolver::Done done;
};
} // namespace

struct Resolver::State {
    Lookup lookup;
    std::mutex mutex;
    std::deque<Question> waiting;
    std::size_t threads = 0;
    bool gone = false;

    void run() noexcept;
    Result ask(const std::string& host) const noexcept;
};

Resolver::Resolver(Lookup lookup) : state_(std::make_shared<State>()) { state_->lookup = std::move(lookup); }

Resolver::~Resolver() {
    std::deque<Question> dropped;
    const std::lock_guard lock(state_->mutex); // held around each done(): none runs after this
    state_->gone = true;
    dropped.swap(state_->waiting);
}

void Resolver::resolve(std::string host, std::function<bool()> wanted, Done done) {
    const std::lock_guard lock(state_->mutex);
    if (state_->waiting.size() >= kMostWaiting) throw Unavailable("too many names are being looked up");
    if (state_->threads < kAtOnce) {
        std::thread([state = state_] { state->run(); }).detach(); // waits for the mutex
        ++state_->threads;
    }
    state_->waiting.push_back({std::move(host), std::move(wanted), std::move(done)});
}

Resolver::Result Resolver::State::ask(const std::string& host) const noexcept {
    try {
        Result result{lookup(host), {}};
        if (result.addresses.empty()) result.failure = "it has no address";
        return result;
    } catch (const std::exception& error) {
        return {{}, error.what()};
    }
}

void Resolver::State::run() noexcept {
    std::unique_lock lock(mutex);
    while (!gone && !waiting.empty()) {
        const auto question = std::move(waiting.front());
        waiting.pop_front();
        if (!question.wanted()) continue;
        lock.unlock();
        auto result = ask(question.host);
        lock.lock();
        if (!gone) question.done(std::move(result));
    }
    --threads;
}

std::vector<Address> Resolver::ofSystem(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list))
        throw std::runtime_error(::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
    std::vector<Address> all;
    for (const auto* each = list; each; each = each->ai_next)
        if (const auto address = Address::of(each->ai_addr, each->ai_addrlen))
            if (std::find(all.begin(), all.end(), *address) == all.end()) all.push_back(*address);
    return all;
}

} // namespace talome::fetch
