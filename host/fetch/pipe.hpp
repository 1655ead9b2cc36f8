// Between the thread that fetches and the one that takes: what has come and was not taken yet, bounded, so that whoever
// does not keep up makes the other side wait.
#pragma once

#include "host/fetch/headers.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <talome/abi.h>

namespace talome::fetch {

struct Head {
    int status = 0;
    Fields fields;
    std::string url; ///< where redirects have led
};
struct End {
    talome_status status = TALOME_OK;
    std::string words;
    std::optional<int> retryAfter = {}; ///< seconds
};

/// One of a transfer. The fetching thread calls head(), data(), end() and body(), another one the rest.
class Pipe {
public:
    /// `changed` comes on the fetching thread when there is something to take; it must be short. Empty: wait().
    explicit Pipe(std::function<void()> changed = {}) : changed_(std::move(changed)) {}

    void head(Head);
    bool data(std::string_view); ///< false: too much waits, nothing of it was taken; offer it again when told
    void end(End);
    /// Bytes of the request's body; 0 at the end; nothing: they have not come yet, and are asked for now.
    std::optional<std::size_t> body(char* to, std::size_t n);

    struct Piece {
        std::optional<Head> head;
        std::string data;
        std::optional<End> end;
        bool wantsBody = false; ///< feed() it, and tell the transfer to go on
        bool wasFull = false;   ///< tell the transfer to go on
    };
    Piece take();
    /// The same once there is something, or after that time.
    Piece wait(std::chrono::milliseconds);
    void feed(std::string_view bytes); ///< of the request's body; nothing: that was all

private:
    static constexpr std::size_t kMost = 256 * 1024;
    Piece takeLocked();
    bool hasSome() const { return head_ || !data_.empty() || end_ || wantsBody_; }
    void tell();

    const std::function<void()> changed_;
    std::mutex mutex_;
    std::condition_variable some_;
    std::optional<Head> head_;
    std::string data_;
    std::optional<End> end_;
    std::string body_;
    bool bodyEnded_ = false, wantsBody_ = false, full_ = false;
};

} // namespace talome::fetch
