// The stream reactor: one thread that serves every connection which stays open without a request.
#pragma once

#include "host/http/connection.hpp"
#include "host/http/stream.hpp"

#include <array>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace talome::http {

/// Members may be called by any thread; each hands its wish to the reactor's thread, which alone touches a stream and
/// its connection. The thread starts with the first stream, sleeps while nothing happens, and ends with stop().
class Streams {
public:
    /// `release`: the connection is over, and the engine's again, to be dropped.
    Streams(std::size_t most, std::function<void(Connection&)> release);
    ~Streams();
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    /// False if there are as many as may be: the request must be answered 503.
    bool hasRoom() const { return open_ < most_; }
    /// A connection that has left the engine's epoll set, and the head of its answer: when the client sees that, the
    /// stream is open, and misses nothing.
    void adopt(Connection&, std::shared_ptr<Stream>, std::string head);
    /// Runs something on the reactor's thread, in order with everything else that it was asked for.
    void post(std::function<void()>);

    /// How many are open, by Stream::Kind.
    std::array<std::size_t, 3> counts() const;
    std::uint64_t dropped() const { return dropped_; } ///< clients that did not keep up, since the start
    /// Dismisses all of them.
    void dismissAll(std::string reason);
    /// Ends all of them; when it returns, no function of a stream runs or will.
    void stop();

private:
    friend class StreamHandle;
    using Clock = std::chrono::steady_clock;
    struct Entry {
        Connection* connection = nullptr;
        std::shared_ptr<Stream> stream;
        std::shared_ptr<StreamHandle> handle;
        std::vector<Piece> queue; ///< from `first` on; without memory while it is empty
        std::size_t first = 0, sentOfFirst = 0;
        Clock::time_point heard, sent, moved, closeBy{}; ///< `moved`: when the client last took something
        Clock::time_point pinged;
        bool paused = false, closing = false, patient = false, over = false;
        Stream::End how = Stream::End::left; ///< if over
        std::uint32_t watched = 0;           ///< events asked of epoll
    };

    void ensureThread();
    void run();
    void runWishes();
    void open(Connection&, std::shared_ptr<Stream>, std::string head);
    void onEvent(Entry&, std::uint32_t events);
    void readFrom(Entry&);
    void writeTo(Entry&);
    void enqueue(std::uint64_t number, Piece);
    /// `patient`: for as long as the client takes what is queued, and not for two seconds.
    void beginClose(std::uint64_t number, Piece last, bool patient);
    void dismiss(Entry&, const std::string& reason);
    void applyPause(std::uint64_t number);
    void tellRoom(Entry&);
    void watch(Entry&);
    /// Marks it; bury() lets it go when no function of its stream is under way.
    void end(Entry&, Stream::End);
    void bury();
    void lookAfterAll(Clock::time_point now);
    int nextTimeout() const;
    Entry* find(std::uint64_t number);
    bool onThread() const { return std::this_thread::get_id() == threadId_.load(); }
    /// Now if this is the reactor's thread, else through post().
    template <class F> void perform(F&& wish);
    void wake() const;

    const std::size_t most_;
    const std::function<void(Connection&)> release_;
    int epoll_ = -1, wake_ = -1;
    std::atomic<std::size_t> open_{0};
    std::array<std::atomic<std::size_t>, 3> counts_{};
    std::atomic<std::uint64_t> dropped_{0}, next_{1};

    std::mutex mutex_;
    std::vector<std::function<void()>> wishes_;
    bool stopping_ = false;
    std::thread thread_;
    std::atomic<std::thread::id> threadId_{};

    // The reactor thread's own.
    std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries_;
    std::vector<std::uint64_t> over_;      ///< to be buried
    std::optional<std::string> dismissed_; ///< everybody has been, for this reason: who still comes is too
    Clock::time_point nextLook_ = Clock::time_point::max();
    std::unique_ptr<char[]> buffer_;
};

} // namespace talome::http
