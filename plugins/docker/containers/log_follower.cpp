#include "containers/log_follower.hpp"

#include "containers/log_reader.hpp"
#include "containers/log_text.hpp"

#include <deque>

namespace talome::docker {

namespace {

constexpr std::size_t kMostFollowers = 256;      // each is a connection to the engine
constexpr std::size_t kLongestText = 256 * 1024; // of one event
constexpr std::uint64_t kMaxQueued = 2 * 1024 * 1024;
constexpr std::size_t kMaxProblem = 4096;

} // namespace

class LogFollowers::Follower {
public:
    Follower(bool tty, LogFilter filter)
        : filter_(std::move(filter)), reader_(tty, true, [this](const LogLine& line) { take(line); }) {}

    void begin(const Host& host, Exchange& exchange, const FetchRequest& request, std::function<void()> gone) {
        const std::lock_guard lock(mutex_); // callbacks wait until both ends are there
        client_ = exchange.openStream("text/event-stream", {.onEnded = [gone](Ended) { gone(); },
                                                            .onRoom = [this] { room(); },
                                                            .maxQueued = kMaxQueued});
        engine_ = FetchStream(host, request,
                              {.onHead = [this](const FetchHead& head) { status_ = head.status; },
                               .onData = [this](std::string_view bytes) { data(bytes); },
                               .onEnded = [this](talome_status status, std::string_view why) { ended(status, why); }});
    }

private:
    struct Waiting {
        std::string json, id;
    };

    void data(std::string_view bytes) {
        const std::lock_guard lock(mutex_);
        if (over_) return;
        if (status_ != 200) {
            problem_.append(bytes.substr(0, kMaxProblem - std::min(kMaxProblem, problem_.size())));
            return;
        }
        try {
            reader_.feed(bytes);
        } catch (const Error& error) {
            finish(error.what());
        }
    }

    void ended(talome_status status, std::string_view why) {
        const std::lock_guard lock(mutex_);
        if (over_) return;
        if (status < 0) return finish("the Docker engine's log broke off: " + std::string(why));
        if (status_ != 200) return finish("the Docker engine: " + problem_);
        try {
            reader_.finish();
        } catch (const Error& error) {
            return finish(error.what());
        }
        finish("the container has stopped");
    }

    void take(const LogLine& line) {
        if (!filter_.wants(line.text)) return;
        LogEvent event{std::string(line.time), line.stream == LogStream::stdout_ ? "stdout" : "stderr", {}, {}};
        appendUtf8(event.text, line.text.substr(0, kLongestText));
        if (line.text.size() > kLongestText) event.cut = true;
        send({toJson(event), event.time});
    }

    void send(Waiting event) {
        if (waiting_.empty() && client_.event(event.json, "line", event.id) != Sent::full) return;
        if (waiting_.empty()) engine_.pause(true);
        waiting_.push_back(std::move(event));
    }

    void room() {
        const std::lock_guard lock(mutex_);
        while (!waiting_.empty()) {
            if (client_.event(waiting_.front().json, "line", waiting_.front().id) == Sent::full) return;
            waiting_.pop_front();
        }
        if (over_)
            end();
        else
            engine_.pause(false);
    }

    // Nothing more comes from the engine; what waits is still sent.
    void finish(std::string reason) {
        over_ = true;
        reason_ = std::move(reason);
        if (waiting_.empty()) end();
    }
    void end() {
        client_.event(toJson(LogEnd{reason_}), "end");
        client_.close();
    }

    std::mutex mutex_;
    LogFilter filter_;
    LogReader reader_;
    int status_ = 0;
    std::string problem_, reason_;
    bool over_ = false;
    std::deque<Waiting> waiting_; // what one piece of the engine's held, at most
    Stream client_;
    FetchStream engine_;
};

void LogFollowers::add(const Host& host, Exchange& exchange, const FetchRequest& request, bool tty, LogFilter filter) {
    const auto follower = std::make_shared<Follower>(tty, std::move(filter));
    const std::lock_guard lock(mutex_); // its end waits until it is among the others
    if (followers_.size() >= kMostFollowers) throw Limited("too many logs are followed already");
    const std::uint64_t number = ++last_;
    follower->begin(host, exchange, request, [this, number] { remove(number); });
    followers_.emplace(number, follower);
}

void LogFollowers::remove(std::uint64_t number) {
    std::shared_ptr<Follower> last; // let go outside of the lock
    const std::lock_guard lock(mutex_);
    if (const auto found = followers_.find(number); found != followers_.end()) {
        last = std::move(found->second);
        followers_.erase(found);
    }
}

void LogFollowers::closeAll() {
    std::map<std::uint64_t, std::shared_ptr<Follower>> all;
    const std::lock_guard lock(mutex_);
    all.swap(followers_);
}

} // namespace talome::docker
