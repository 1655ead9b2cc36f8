// A job that is not over.
#include "host/jobs/live.hpp"

#include "host/log/log.hpp"

namespace talome::jobs {

namespace {

using Clock = tasks::Reactor::Clock;
constexpr std::chrono::milliseconds kBetweenProgress{100}; // more often nobody can read it
constexpr std::chrono::seconds kFlushAfter{1};
constexpr std::int64_t kReserve = 1000; // numbers of events at a time, so that none comes twice after a crash

struct StateData {
    State status{};
    unsigned attempt = 0;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(StateData, (), (status, attempt, error))

struct LineData {
    std::string at, level, text;
};
BOOST_DESCRIBE_STRUCT(LineData, (), (at, level, text))

} // namespace

std::string cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (text[most] & 0xc0) == 0x80) --most; // within a character
    return std::string(text.substr(0, most));
}

Live::Live(Parts parts, Record record, std::vector<Event> events)
    : parts_(std::move(parts)), id_(record.id), plugin_(record.plugin), kind_(record.kind),
      userId_(record.owner.userId), createdAt_(record.createdAt), record_(std::move(record)),
      events_(events.begin(), events.end()), saved_(events_.empty() ? 0 : events_.back().number),
      next_(record_.eventsReserved + 1), cancelAsked_(record_.cancelAsked) {}

Record Live::record() const {
    const std::lock_guard lock(mutex_);
    return record_;
}

Record Live::terms() const {
    const std::lock_guard lock(mutex_);
    Record terms;
    terms.id = record_.id;
    terms.plugin = record_.plugin;
    terms.kind = record_.kind;
    terms.permission = record_.permission;
    terms.owner = record_.owner;
    return terms;
}

std::int64_t Live::number() {
    if (next_ > record_.eventsReserved) {
        record_.eventsReserved = next_ + kReserve;
        parts_.store.update(record_, {});
    }
    return next_++;
}

void Live::add(const char* type, std::string data) {
    events_.push_back({number(), type, std::move(data)});
    if (events_.size() > kMostEvents) events_.pop_front();
}

void Live::addState() {
    StateData data{record_.state, record_.attempts, std::nullopt};
    if (!record_.words.empty()) data.error = record_.words;
    add("status", toJson(data));
}

void Live::save(bool checkpoint) {
    std::vector<Event> added;
    for (const auto& event : events_)
        if (event.number > saved_) added.push_back(event);
    parts_.store.update(record_, added, checkpoint);
    if (!added.empty()) saved_ = added.back().number;
    dirty_ = false;
}

void Live::begin() {
    {
        const std::lock_guard lock(mutex_);
        record_.state = State::running;
        ++record_.attempts;
        if (!record_.startedAt) record_.startedAt = parts_.now();
        addState();
        save();
    }
    tell();
}

void Live::requeue() {
    {
        const std::lock_guard lock(mutex_);
        record_.state = State::queued;
        addState();
        save();
    }
    tell();
}

void Live::settle(State state, std::int32_t status, std::string words, std::optional<std::string> result) {
    {
        const std::lock_guard lock(mutex_);
        if (progressWaits_) tellProgress();
        record_.state = state;
        record_.status = status;
        record_.words = std::move(words);
        record_.result = std::move(result);
        record_.endedAt = std::max(parts_.now(), record_.createdAt);
        addState();
        save();
        record_.input.clear();
        record_.checkpoint.clear();
    }
    tell();
}

void Live::checkpoint(std::string json) {
    const std::lock_guard lock(mutex_);
    auto before = std::exchange(record_.checkpoint, std::move(json));
    try {
        save(true);
    } catch (...) {
        record_.checkpoint = std::move(before);
        throw;
    }
}

void Live::tellProgress() {
    progressWaits_ = false;
    record_.progressEvent = number();
    told_ = Clock::now();
}

void Live::progress(Progress progress) {
    {
        const std::lock_guard lock(mutex_);
        const bool phase = !record_.progress || record_.progress->phase != progress.phase;
        record_.progress = std::move(progress);
        const auto now = Clock::now();
        if (phase || now - told_ >= kBetweenProgress) {
            tellProgress();
        } else {
            if (std::exchange(progressWaits_, true) || closed_) return;
            parts_.reactor.at(told_ + kBetweenProgress, [weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->progressDue();
            });
            return;
        }
        flushSoon();
    }
    tell();
}

/// On the reactor's thread, which must not wait for a disk: the number may need it.
void Live::progressDue() {
    const std::lock_guard lock(mutex_);
    if (!progressWaits_ || closed_) return;
    parts_.pool.post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        {
            const std::lock_guard again(self->mutex_);
            if (!self->progressWaits_ || self->closed_ || isOver(self->record_.state)) return;
            self->tellProgress();
            self->flushSoon();
        }
        self->tell();
    });
}

void Live::log(std::string_view level, std::string_view line) {
    {
        const std::lock_guard lock(mutex_);
        add("log", toJson(LineData{talome::log::timestamp(parts_.now()), std::string(level), cut(line, kMostLine)}));
        flushSoon();
    }
    tell();
}

void Live::flushSoon() {
    dirty_ = true;
    if (closed_ || std::exchange(flushPlanned_, true)) return;
    parts_.reactor.at(Clock::now() + kFlushAfter, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        const std::lock_guard lock(self->mutex_);
        if (self->closed_) return;
        self->parts_.pool.post([weak] {
            if (const auto live = weak.lock()) live->flush();
        });
    });
}

void Live::flush() {
    const std::lock_guard lock(mutex_);
    flushPlanned_ = false;
    if (dirty_ && !closed_ && !isOver(record_.state)) save();
}

bool Live::cancel(const std::string& words) {
    const std::lock_guard lock(mutex_);
    if (record_.cancelAsked || isOver(record_.state)) return false;
    record_.cancelAsked = true;
    try {
        save();
    } catch (...) {
        record_.cancelAsked = false;
        throw;
    }
    whyCancelled_ = words;
    cancelAsked_ = true;
    return true;
}

std::string Live::whyCancelled() const {
    const std::lock_guard lock(mutex_);
    return whyCancelled_;
}

std::pair<std::vector<Event>, bool> Live::after(std::int64_t number) const {
    const std::lock_guard lock(mutex_);
    std::vector<Event> found;
    const bool progress = record_.progress && record_.progressEvent > number;
    bool put = !progress;
    for (const auto& event : events_) {
        if (event.number <= number) continue;
        if (!put && event.number > record_.progressEvent) {
            put = true;
            found.push_back({record_.progressEvent, "progress", toJson(*record_.progress)});
        }
        found.push_back(event);
    }
    if (!put) found.push_back({record_.progressEvent, "progress", toJson(*record_.progress)});
    return {std::move(found), isOver(record_.state)};
}

std::uint64_t Live::watch(std::function<void()> onNews) {
    const std::lock_guard lock(mutex_);
    watchers_.emplace(nextWatcher_, std::move(onNews));
    return nextWatcher_++;
}

void Live::unwatch(std::uint64_t number) {
    std::function<void()> last; // let go without the lock
    const std::lock_guard lock(mutex_);
    const auto it = watchers_.find(number);
    if (it == watchers_.end()) return;
    last = std::move(it->second);
    watchers_.erase(it);
}

void Live::tell() {
    std::vector<std::function<void()>> calls;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, call] : watchers_) calls.push_back(call);
    }
    for (const auto& call : calls) call();
}

void Live::close() {
    const std::lock_guard lock(mutex_);
    if (dirty_ && !isOver(record_.state)) {
        try {
            save();
        } catch (const std::exception& error) {
            talome::log::error("host", "the last lines of job " + id_ + " could not be written: " + error.what());
        }
    }
    closed_ = true;
}

} // namespace talome::jobs
