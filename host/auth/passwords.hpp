// Hashes and verifies passwords on threads of its own, so that whoever guesses takes neither the server's time nor its
// memory, and does not stand in the way of somebody else's login.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace talome::auth {

/// Any thread; it waits for the result. Two threads of low priority do the work, taking turns between the networks that
/// it came from (networkOf()); those from which wrong passwords came in the last minute wait behind the others. They
/// start with the first piece of work. So many may wait from one network, and so many in all; beyond that
/// talome::Limited is thrown. When all places are taken, somebody from a network that has fewer than the greediest one
/// gets the last place of that one.
class Passwords {
public:
    struct Bounds {
        std::size_t threads = 2, ofNetwork = 8, all = 24;
    };

    Passwords() : Passwords(Bounds{}) {}
    explicit Passwords(Bounds bounds) : bounds_(bounds) {}
    ~Passwords();
    Passwords(const Passwords&) = delete;
    Passwords& operator=(const Passwords&) = delete;

    std::string hash(std::string_view password, const std::string& peer);
    bool verify(std::string_view password, const std::string& hash, const std::string& peer);
    /// What verifying takes, for an account that does not exist: whoever asks must not see the difference.
    void verifyNothing(std::string_view password, const std::string& peer);

    /// The same for any other work; what it throws is thrown here.
    void run(const std::string& peer, const std::function<void()>& work);

private:
    struct Job {
        const std::function<void()>& work;
        bool done = false;
        std::exception_ptr failure;
    };
    using Queue = std::deque<Job*>;

    void enter(Job&, const std::string& network);
    void start();
    std::map<std::string, Queue>::iterator next();
    void suspect(const std::string& peer);
    void serve();
    void finish(Job&, std::exception_ptr);

    const Bounds bounds_;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    std::map<std::string, Queue> waiting_; ///< by network; none is empty
    std::map<std::string, std::size_t> running_;
    std::map<std::string, std::chrono::steady_clock::time_point> suspects_; ///< by network: until when
    std::string last_;                                                      ///< the network whose turn was last
    std::size_t count_ = 0;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

} // namespace talome::auth
