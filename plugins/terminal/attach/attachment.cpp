#include "attach/attachment.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace talome::terminal {

namespace {

constexpr std::size_t kMessage = 128u << 10; // bytes of one message to the client
constexpr std::size_t kMostInput = 2u << 20; // bytes that wait for talome-pty; then the client is not read
constexpr int kTries = 40;

struct Ready {
    std::string type = "ready", sessionId;
    std::int64_t cols = 0, rows = 0, seq = 0, replay = 0;
    bool recovered = false;
};
BOOST_DESCRIBE_STRUCT(Ready, (), (type, sessionId, cols, rows, seq, replay, recovered))
struct ExitWords {
    std::string type = "exit";
    std::optional<std::int64_t> code, signal;
};
BOOST_DESCRIBE_STRUCT(ExitWords, (), (type, code, signal))
struct CountWords {
    std::string type = "clients";
    std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(CountWords, (), (type, n))
struct PlainWords {
    std::string type;
};
BOOST_DESCRIBE_STRUCT(PlainWords, (), (type))

std::string howItEnded(const Exited& exited) {
    if (exited.signal) return "signal " + std::to_string(exited.signal);
    return exited.code < 0 ? std::string("ended") : "code " + std::to_string(exited.code);
}

} // namespace

Attachment::Attachment(const Host& host, const PtyClient& pty, WebSocket socket, Key key, Who who, bool controls)
    : host_(host), pty_(pty), socket_(socket), key_(std::move(key)), who_(std::move(who)), controls_(controls),
      begunAt_(host.nowMs()) {}

bool Attachment::lost() const {
    const std::lock_guard lock(mutex_);
    return lost_ && !ended_;
}

void Attachment::begin(const Attach& wanted) {
    auto attached = pty_.attach(wanted);
    const std::lock_guard lock(mutex_);
    take(std::move(attached), wanted.resume);
    if (advance()) throw Unavailable("talome-pty has closed the connection");
}

/// `resumes`: what the client has. If talome-pty has the rest, nothing but output follows; else a redraw, which tells
/// of itself.
void Attachment::take(Attached&& attached, std::uint64_t resumes) {
    pty_socket_ = std::move(attached.socket);
    info_ = std::move(attached.info);
    frames_ = std::move(attached.frames);
    sequence_ = info_.sequence;
    lost_ = false;
    tries_ = 0;
    if (controls_ && resumes == sequence_) push(readyText(0), false);
}

bool Attachment::again() {
    Attach wanted{key_, 0, 0, kNoSequence, acknowledges_};
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || !lost_) return true;
        wanted.resume = sequence_;
    }
    try {
        auto attached = pty_.attach(wanted);
        const std::lock_guard lock(mutex_);
        if (ended_) return true;
        take(std::move(attached), kNoSequence);
        return advance() == nullptr;
    } catch (const Error& error) {
        const std::lock_guard lock(mutex_);
        const bool gone = error.status == TALOME_E_NOT_FOUND;
        if (!gone && ++tries_ < kTries) return false;
        lost_ = false;
        if (controls_)
            push(R"({"type":"error","code":"LOST","message":"the session is gone"})", false);
        else
            push("\r\n\x1b[31m[the session is gone]\x1b[0m\r\n", false);
        finish(1000, "the session is gone");
        return true;
    }
}

/// What is waited for: output while the client takes it, and room for input.
void Attachment::watch() {
    const bool reads = waiting_.empty() && !closing_;
    const std::uint32_t wanted = (reads ? std::uint32_t{TALOME_READABLE} : 0u) |
                                 (inputAt_ < input_.size() ? std::uint32_t{TALOME_WRITABLE} : 0u);
    if (ended_ || lost_ || wanted == 0) {
        watch_ = Watch();
        watched_ = 0;
    } else if (!watch_) {
        watch_ = host_.watch(pty_socket_.get(), wanted, [weak = weak_from_this()](std::uint32_t events) {
            if (const auto self = weak.lock()) self->onReady(events);
        });
        watched_ = wanted;
    } else if (wanted != watched_) {
        watch_.change(wanted);
        watched_ = wanted;
    }
}

void Attachment::onReady(std::uint32_t events) {
    std::function<void()> lost;
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || lost_) return;
        if (events & TALOME_WRITABLE) flushInput(); // that it is closed is seen when it is read
        lost = advance();
    }
    if (lost) lost();
}

/// Goes on with whatever can be: messages for the client, then what has come for it. What it gives is to be called
/// without the lock: talome-pty has closed the connection.
std::function<void()> Attachment::advance() {
    const bool open = !flush() || receive();
    const bool now = !open && !closing_;
    lost_ = lost_ || now;
    watch();
    return now ? onLost : nullptr;
}

/// Takes what has come, as long as the client takes it. False: talome-pty has closed the connection.
bool Attachment::receive() {
    char piece[64 * 1024];
    for (int round = 0; round < 8; ++round) {
        Kind kind;
        std::string_view payload;
        while (waiting_.empty() && !closing_ && frames_.next(kind, payload)) {
            handle(kind, payload);
            flush();
        }
        if (!waiting_.empty() || closing_) return true;
        std::vector<Descriptor> none;
        const ssize_t n = receiveWith(pty_socket_.get(), piece, sizeof piece, none);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        if (n == 0) return false;
        frames_.add({piece, static_cast<std::size_t>(n)});
    }
    return true;
}

void Attachment::handle(Kind kind, std::string_view payload) {
    switch (kind) {
    case Kind::output: {
        const auto output = decode<Output>(payload);
        sequence_ = output.sequence;
        return sendOutput(output.bytes, false);
    }
    case Kind::redraw: {
        const auto output = decode<Output>(payload);
        sequence_ = output.sequence;
        return sendOutput(output.bytes, true);
    }
    case Kind::clients:
        if (controls_)
            push(toJson(CountWords{"clients", static_cast<std::int64_t>(decode<Clients>(payload).count)}), false);
        return;
    case Kind::done: // of a resume
        info_ = decode<SessionInfo>(payload);
        sequence_ = info_.sequence;
        cut_.clear();
        if (sequence_ == std::exchange(resuming_, kNoSequence)) push(readyText(0), false);
        return;
    case Kind::failed:
        if (controls_) {
            const auto failed = decode<Failed>(payload);
            std::string message;
            write(message, failed.words);
            push(R"({"type":"error","code":"REFUSED","message":)" + message + "}", false);
        }
        return;
    case Kind::exited: {
        const auto exited = decode<Exited>(payload);
        if (controls_) {
            ExitWords words;
            if (exited.code >= 0) words.code = exited.code;
            if (exited.signal) words.signal = exited.signal;
            push(toJson(words), false);
        } else {
            push("\r\n\x1b[33m[process exited: " + howItEnded(exited) + "]\x1b[0m\r\n", false);
        }
        return finish(1000, "the process has exited");
    }
    default:
        return;
    }
}

std::string Attachment::readyText(std::size_t replay) const {
    Ready ready;
    ready.sessionId = shownTo_.empty() ? key_.id : shownTo_;
    ready.cols = static_cast<std::int64_t>(info_.cols);
    ready.rows = static_cast<std::int64_t>(info_.rows);
    ready.seq = static_cast<std::int64_t>(sequence_);
    ready.replay = static_cast<std::int64_t>(replay);
    ready.recovered = info_.recovered;
    return toJson(ready);
}

void Attachment::sendOutput(std::string_view bytes, bool redraw) {
    bytesOut_ += bytes.size();
    if (!controls_) {
        if (redraw) text_.clear();
        const std::string text = text_.add(bytes);
        for (std::size_t at = 0; at < text.size();) {
            std::size_t n = std::min(kMessage, text.size() - at);
            n -= cutCharacter(std::string_view(text).substr(at, n));
            push(text.substr(at, n), false);
            at += n;
        }
        return;
    }
    if (redraw) {
        cut_.clear();
        push(readyText(bytes.size()), false);
    }
    std::string whole = std::exchange(cut_, {}).append(bytes);
    if (!redraw) {
        const auto cut = cutCharacter(whole);
        cut_ = whole.substr(whole.size() - cut);
        whole.resize(whole.size() - cut);
    }
    for (std::size_t at = 0; at < whole.size();) {
        std::size_t n = std::min(kMessage, whole.size() - at);
        if (at + n < whole.size()) n -= cutCharacter(std::string_view(whole).substr(at, n));
        push(whole.substr(at, n), true);
        at += n;
    }
}

void Attachment::push(std::string text, bool binary) { waiting_.emplace_back(std::move(text), binary); }

/// False: the client takes no more at the moment.
bool Attachment::flush() {
    while (!waiting_.empty()) {
        const auto& [text, binary] = waiting_.front();
        const Sent sent = socket_.send(text, binary);
        if (sent == Sent::full) return false;
        waiting_.pop_front(); // one who is gone hears nothing, and is told of by closed()
    }
    if (closing_) socket_.close(closing_->first, closing_->second);
    return true;
}

void Attachment::finish(int code, std::string_view reason) {
    closing_.emplace(code, std::string(reason));
    flush();
}

void Attachment::onRoom() {
    std::function<void()> lost;
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || lost_) return;
        lost = advance();
    }
    if (lost) lost();
}

void Attachment::toPty(std::string frame) {
    if (lost_) return; // what is typed meanwhile is nobody's
    input_.append(frame);
    if (!flushInput()) return; // that it is closed is seen when it is read
    const bool full = input_.size() - inputAt_ > kMostInput;
    if (full != paused_) {
        paused_ = full;
        full ? socket_.pause() : socket_.resume();
    }
    watch();
}

/// False: the connection is broken.
bool Attachment::flushInput() {
    while (inputAt_ < input_.size()) {
        const ssize_t n = ::send(pty_socket_.get(), input_.data() + inputAt_, input_.size() - inputAt_, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return true;
        if (n <= 0) return false;
        inputAt_ += static_cast<std::size_t>(n);
    }
    input_.clear();
    inputAt_ = 0;
    if (input_.capacity() > kMessage) input_.shrink_to_fit();
    if (std::exchange(paused_, false)) socket_.resume();
    return true;
}

void Attachment::onMessage(std::string_view text, bool binary) {
    const ClientWord word = binary ? ClientWord() : readClientWord(text);
    std::string resized;
    {
        const std::lock_guard lock(mutex_);
        if (ended_ || closing_) return;
        switch (word.kind) {
        case WordKind::input:
            bytesIn_ += word.data.size();
            toPty(frame(Kind::input, Text{word.data}));
            break;
        case WordKind::resize:
            toPty(frame(Kind::resize, Size{{}, word.cols, word.rows}));
            resized = info_.execId;
            break;
        case WordKind::ping:
            if (!controls_) break;
            push(toJson(PlainWords{"pong"}), false);
            flush();
            break;
        case WordKind::ack:
            if (!controls_) break;
            acknowledges_ = true;
            toPty(frame(Kind::ack, Ack{word.sequence}));
            break;
        case WordKind::resume:
            if (!controls_) break;
            resuming_ = word.sequence;
            toPty(frame(Kind::attach, Attach{key_, 0, 0, word.sequence, acknowledges_}));
            break;
        case WordKind::none:
            break;
        }
    }
    if (!resized.empty() && onResized) onResized(resized, word.cols, word.rows);
}

void Attachment::end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    watch_ = Watch();
    pty_socket_.reset();
    waiting_.clear();
}

} // namespace talome::terminal
