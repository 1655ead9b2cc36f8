// All jobs of the server: begun, found, cancelled. What runs them is in runner.cpp.
#include "host/jobs/jobs.hpp"

#include "host/auth/secret.hpp"
#include "host/gate/failure.hpp"
#include "host/log/log.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <talome/errors.hpp>

namespace talome::jobs {

namespace {

constexpr int kMostWaiters = 8; // each holds a worker
constexpr std::size_t kMostKey = 255;

void requireJson(const std::string& text, std::size_t most) {
    if (text.size() > most) throw gate::Failure(TALOME_E_TOO_LARGE, "a job's input has 1 MiB at most");
    boost::system::error_code error;
    boost::json::monotonic_resource memory;
    boost::json::parse(text, error, &memory);
    if (error) throw gate::Failure(TALOME_E_INTERNAL, "a job's input must be JSON: " + error.message());
}

} // namespace

Jobs::Jobs(storage::Database& database, settings::Seal seal, tasks::Reactor& reactor, tasks::Pool& pool, Rules rules)
    : store_(database, std::move(seal)), reactor_(reactor), shared_(pool), rules_(std::move(rules)) {
    load();
}

Jobs::~Jobs() {
    for (const auto& [id, job] : live_) job->close();
}

Live::Parts Jobs::parts() { return {store_, reactor_, shared_, rules_.now}; }

void Jobs::load() {
    for (auto& record : store_.unfinished()) {
        auto events = store_.events(record.id, 0);
        const auto was = record.state;
        const auto job = std::make_shared<Live>(parts(), std::move(record), std::move(events));
        const auto now = job->record();
        if (now.cancelAsked)
            end(job, State::cancelled, TALOME_E_CANCELLED, "cancelled");
        else if (was == State::running && !now.resumable)
            end(job, State::interrupted, TALOME_E_UNAVAILABLE, "the server ended while it ran");
        else {
            if (was == State::running) job->requeue();
            live_.emplace(job->id(), job);
            queue_.push_back(job);
        }
    }
    store_.prune(rules_.now());
}

void Jobs::requireRoom(const Order& order) const {
    const std::lock_guard lock(mutex_);
    const auto own =
        std::ranges::count_if(live_, [&](const auto& each) { return each.second->userId() == order.owner.userId; });
    if (static_cast<std::size_t>(own) >= kMostOfUser)
        throw gate::Failure(TALOME_E_LIMITED,
                            "you have " + std::to_string(own) + " jobs that are not over: wait, or cancel some");
    if (live_.size() >= kMostWaiting)
        throw gate::Failure(TALOME_E_LIMITED, "too many jobs wait already; try again later");
}

std::optional<std::string> Jobs::earlier(const Order& order) const {
    if (order.idempotencyKey.empty()) return std::nullopt;
    const bool fits = order.idempotencyKey.size() <= kMostKey &&
                      std::ranges::all_of(order.idempotencyKey, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
    if (!fits) throw Invalid("Idempotency-Key", "expected up to 255 printable characters");
    return store_.byKey(order.owner.userId, order.kind, order.idempotencyKey, rules_.now() - kKeyLifetime);
}

std::string Jobs::start(const Order& order) {
    requireJson(order.input, kMostInput);
    if (order.owner.userId.empty())
        throw gate::Failure(TALOME_E_UNAUTHENTICATED, "a job needs a user for whom it runs: log in first");
    Record record;
    {
        const std::lock_guard lock(mutex_);
        const auto offer = offers_.find(order.plugin);
        const auto* kind = offer == offers_.end() ? nullptr : offer->second->find(order.kind);
        if (!kind)
            throw gate::Failure(TALOME_E_UNAVAILABLE,
                                order.plugin + " runs no jobs of the kind " + order.kind + " just now");
        record.permission = kind->declared.permission;
        record.resumable = kind->declared.resumable;
    }
    record.id = auth::uuid();
    record.plugin = order.plugin;
    record.kind = order.kind;
    record.title = cut(order.title, kMostTitle);
    record.owner = order.owner;
    record.input = order.input;
    record.idempotencyKey = order.idempotencyKey;
    record.requestId = order.requestId;
    record.createdAt = rules_.now();
    if (const auto why = rules_.refusal(record); !why.empty()) throw gate::Failure(TALOME_E_DENIED, why);
    {
        const std::lock_guard one(starting_);
        if (auto id = earlier(order)) return *id;
        requireRoom(order);
        store_.prune(record.createdAt);
        store_.insert(record);
        const auto job = std::make_shared<Live>(parts(), record, std::vector<Event>());
        const std::lock_guard lock(mutex_);
        live_.emplace(job->id(), job);
        queue_.push_back(job);
    }
    dispatch();
    return record.id;
}

std::shared_ptr<Live> Jobs::live(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto it = live_.find(id);
    return it == live_.end() ? nullptr : it->second;
}

std::optional<Record> Jobs::find(const std::string& id) const {
    if (const auto job = live(id)) return job->record();
    return store_.byId(id);
}

std::vector<Record> Jobs::list(const Filter& filter, int limit, int offset) {
    store_.prune(rules_.now());
    auto records = store_.list(filter, limit, offset);
    for (auto& each : records)
        if (const auto job = live(each.id)) each = job->record(); // its progress is newer than what is written
    return records;
}

std::pair<std::vector<Event>, bool> Jobs::eventsAfter(const std::string& id, std::int64_t number) const {
    if (const auto job = live(id)) return job->after(number);
    auto events = store_.events(id, number);
    const auto record = store_.byId(id);
    if (record && record->progress && record->progressEvent > number)
        events.insert(
            std::ranges::find_if(events, [&](const Event& each) { return each.number > record->progressEvent; }),
            {record->progressEvent, "progress", toJson(*record->progress)});
    return {std::move(events), true};
}

bool Jobs::cancelOrRemove(const std::string& id) {
    const auto job = live(id);
    if (!job) {
        if (!store_.byId(id)) return false;
        store_.remove(id);
        return true;
    }
    job->cancel("");
    bool queued = false;
    {
        const std::lock_guard lock(mutex_);
        queued = std::erase(queue_, job) > 0;
    }
    if (queued) end(job, State::cancelled, TALOME_E_CANCELLED, "cancelled");
    return true;
}

void Jobs::review() {
    std::vector<Job> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, job] : live_) // one whose plugin is away waits for it, and is asked about before it runs
            if (offers_.contains(job->plugin())) all.push_back(job);
    }
    for (const auto& job : all) {
        const auto why = rules_.refusal(job->terms());
        if (why.empty() || !job->cancel(why)) continue;
        bool queued = false;
        {
            const std::lock_guard lock(mutex_);
            queued = std::erase(queue_, job) > 0;
        }
        if (queued) end(job, State::cancelled, TALOME_E_DENIED, why);
    }
}

std::optional<Record> Jobs::wait(const std::string& id, std::chrono::seconds limit) {
    std::unique_lock lock(mutex_);
    if (stopping_ || waiting_ >= kMostWaiters) return std::nullopt;
    ++waiting_;
    const bool over = changed_.wait_for(lock, limit, [&] { return stopping_ || !live_.contains(id); });
    --waiting_;
    const bool is = over && !live_.contains(id);
    lock.unlock();
    return is ? store_.byId(id) : std::nullopt;
}

void Jobs::stopWaiting() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

} // namespace talome::jobs
