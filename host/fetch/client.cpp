// Everything that is fetched, on one thread.
#include "host/fetch/client.hpp"

#include "host/log/log.hpp"

#include <algorithm>
#include <talome/errors.hpp>

namespace talome::fetch {

namespace {
constexpr std::chrono::seconds kRest{30}; ///< without anything to do, until thread and connections go
constexpr std::chrono::minutes kLongest{60};
} // namespace

Client::Client(Resolver::Lookup lookup)
    : shared_{resolver_,
              breakers_,
              usage_,
              [this](std::function<void()> command) { post(std::move(command)); },
              [this](CURL* easy) { curl().multiAdd(multi_, easy); },
              [this](CURL* easy) { curl().multiRemove(multi_, easy); }},
      resolver_(std::move(lookup)) {}

Client::~Client() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (multi_) curl().multiWakeup(multi_);
    }
    if (thread_.joinable()) thread_.join();
}

std::size_t Client::threads() const {
    const std::lock_guard lock(mutex_);
    return running_ ? 1 : 0;
}

/// The thread is started when there is something to do; one that has just ended is joined first, which is a moment.
void Client::post(std::function<void()> command) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    commands_.push_back(std::move(command));
    if (running_) {
        if (multi_) curl().multiWakeup(multi_);
        return;
    }
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([this] { run(); });
    running_ = true;
}

std::shared_ptr<Transfer> Client::start(Order order, std::shared_ptr<Pipe> pipe) {
    static_cast<void>(curl()); // fails here, with words for the caller
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) throw Unavailable("the server stops");
    }
    auto transfer = std::make_shared<Transfer>(std::move(order), std::move(pipe), shared_);
    post([this, transfer] {
        transfers_.push_back(transfer);
        transfer->begin();
    });
    return transfer;
}

void Client::resume(const std::shared_ptr<Transfer>& transfer) {
    post([transfer] { transfer->resume(); });
}

void Client::end(const std::shared_ptr<Transfer>& transfer, End end) {
    post([transfer, end = std::move(end)] { transfer->finish(end); });
}

void Client::relay(std::unique_ptr<Relay> relay) {
    const auto shared = std::make_shared<std::unique_ptr<Relay>>(std::move(relay)); // a function can be copied
    post([this, shared] { relays_.push_back(std::move(*shared)); });
}

void Client::run() {
    {
        const std::lock_guard lock(mutex_);
        multi_ = curl().multiInit();
    }
    lastUse_ = Transfer::Clock::now();
    do work();
    while (!rest());
}

void Client::work() {
    std::deque<std::function<void()>> commands;
    bool stopping = false;
    {
        const std::lock_guard lock(mutex_);
        commands.swap(commands_);
        stopping = stopping_;
    }
    for (const auto& command : commands) command();
    if (stopping)
        for (const auto& transfer : transfers_) transfer->finish({TALOME_E_CANCELLED, "the server stops"});
    int running = 0;
    curl().multiPerform(multi_, &running);
    finished();
    const auto now = Transfer::Clock::now();
    for (const auto& transfer : transfers_)
        if (!transfer->over() && transfer->due() <= now) transfer->expire();
    std::erase_if(transfers_, [](const auto& transfer) { return transfer->over(); });
    std::erase_if(relays_, [&](const auto& relay) { return stopping || !relay->step(); });
    if (!transfers_.empty() || !relays_.empty()) lastUse_ = now;
}

void Client::finished() {
    int left = 0;
    while (const auto* message = curl().multiRead(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const auto code = message->data.result; // the message is gone once the handle is removed
        Transfer* transfer = nullptr;
        curl().easyInfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->onDone(code);
    }
}

bool Client::rest() {
    const auto now = Transfer::Clock::now();
    auto until = transfers_.empty() && relays_.empty() ? lastUse_ + kRest : now + kLongest;
    for (const auto& transfer : transfers_) until = std::min(until, transfer->due());
    {
        const std::lock_guard lock(mutex_);
        const bool nothing = commands_.empty() && transfers_.empty() && relays_.empty();
        if (nothing && (stopping_ || now >= lastUse_ + kRest)) {
            curl().multiCleanup(multi_);
            multi_ = nullptr;
            running_ = false;
            return true;
        }
        if (!commands_.empty() || stopping_) return false;
    }
    std::vector<curl_waitfd> others;
    for (const auto& relay : relays_) relay->watch(others);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
    curl().multiPoll(multi_, others.data(), static_cast<unsigned>(others.size()),
                     static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)), nullptr);
    return false;
}

} // namespace talome::fetch
