#include "pty/session.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

namespace talome::terminal {

namespace {

constexpr std::size_t kRing = 2u << 20;                // bytes of output that a client may be behind
constexpr std::size_t kPiece = 4 * 1024;               // what a terminal gives at once
constexpr auto kAtOnce = std::chrono::milliseconds(1); // of one session, before the others have their turn
constexpr std::size_t kMostInput = 4u << 20;

std::size_t at(std::uint64_t n) { return static_cast<std::size_t>(n); }
int number(std::uint64_t n) { return static_cast<int>(n); }

void setNonBlocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

} // namespace

Session::Session(const Account& account, const Create& wanted, Descriptor container) : limits_(wanted.limits) {
    info_.key = wanted.key;
    info_.ownerName = wanted.ownerName;
    info_.name = wanted.name;
    info_.displayName = wanted.displayName;
    info_.container = wanted.container;
    info_.execId = wanted.execId;
    info_.createdAt = info_.lastActivityAt = nowMs();
    info_.cols = wanted.cols;
    info_.rows = wanted.rows;
    info_.ephemeral = wanted.ephemeral;
    ring_ = std::make_unique<OutputRing>(std::max(kRing, at(limits_.scrollback)));
    if (wanted.record) recording_ = Recording(account.home, info_.key.id, cols(), rows());
    info_.recording = static_cast<bool>(recording_);
    if (container) {
        terminal_ = std::move(container);
        setNonBlocking(terminal_.get());
    } else {
        auto started = startShell(account, {wanted.command, wanted.directory, wanted.environment, cols(), rows()});
        terminal_ = std::move(started.terminal);
        info_.pid = started.pid;
    }
    begin();
    note();
}

Session::Session(SessionState state, Descriptor terminal, Descriptor ring, Descriptor recording)
    : info_(std::move(state.info)), limits_(state.limits), terminal_(std::move(terminal)),
      ring_(std::make_unique<OutputRing>(std::move(ring))) {
    if (recording) recording_ = Recording(std::move(recording), state.recordingSince);
    begin();
    screen_->write(state.screen);
}

Session::Session(Descriptor terminal, Descriptor ring)
    : terminal_(std::move(terminal)), ring_(std::make_unique<OutputRing>(std::move(ring))) {
    auto state = decode<SessionState>(ring_->note());
    info_ = std::move(state.info);
    limits_ = state.limits;
    info_.recovered = true;
    info_.recording = false;
    begin();
    for (const auto piece : ring_->read(ring_->begin(), ring_->capacity())) screen_->write(piece);
}

void Session::begin() {
    screen_ = std::make_unique<TerminalScreen>(number(info_.rows), number(info_.cols), at(limits_.scrollback));
    screen_->onAnswer = [this](std::string_view answer) {
        if (clients == 0) write(answer); // else the client's terminal answers
    };
}

/// What a session is, beside its output, for the case of a crash.
void Session::note() {
    SessionState state;
    state.info = info_;
    state.limits = limits_;
    ring_->note(encode(state));
}

SessionInfo Session::info() const {
    SessionInfo now = info_;
    now.clients = clients;
    now.sequence = ring_->end();
    now.recording = static_cast<bool>(recording_);
    return now;
}

SessionState Session::state() const {
    SessionState state{
        info(), limits_, redraw(), terminal_.get(), ring_->descriptor(), recording_.descriptor(), recording_.begunAt()};
    state.info.clients = 0;
    return state;
}

Session::Read Session::read() {
    char piece[kPiece];
    for (const auto begin = Steady::now(); Steady::now() - begin < kAtOnce;) {
        const ssize_t n = ::read(terminal_.get(), piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return Read::some;
        if (n <= 0) { // EIO: no process has the other side any more
            hungUp = true;
            return Read::closed;
        }
        const std::string_view bytes(piece, at(static_cast<std::uint64_t>(n)));
        ring_->append(bytes);
        screen_->write(bytes);
        recording_.output(bytes);
        info_.lastActivityAt = nowMs();
        lastActivity = Steady::now();
    }
    return Read::much;
}

bool Session::write(std::string_view data) {
    if (inputWaiting() + data.size() > kMostInput) return false;
    input_.append(data);
    info_.lastActivityAt = nowMs();
    lastActivity = Steady::now();
    flushInput();
    return true;
}

bool Session::flushInput() {
    while (inputWaiting() > 0) {
        const ssize_t n = ::write(terminal_.get(), input_.data() + inputAt_, inputWaiting());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            input_.clear();
            inputAt_ = 0;
            return false;
        }
        inputAt_ += at(static_cast<std::uint64_t>(n));
    }
    if (inputWaiting() == 0) {
        input_.clear();
        inputAt_ = 0;
        if (input_.capacity() > kPiece) input_.shrink_to_fit();
    } else if (inputAt_ > (kMostInput / 8)) {
        input_.erase(0, inputAt_);
        inputAt_ = 0;
    }
    return true;
}

void Session::resize(unsigned cols, unsigned rows) {
    if (cols == info_.cols && rows == info_.rows) return;
    info_.cols = cols;
    info_.rows = rows;
    screen_->resize(number(rows), number(cols));
    recording_.resized(cols, rows);
    note();
    if (!info_.container.empty()) return; // its engine is told by the plugin
    winsize size{};
    size.ws_col = static_cast<unsigned short>(cols);
    size.ws_row = static_cast<unsigned short>(rows);
    ::ioctl(terminal_.get(), TIOCSWINSZ, &size);
}

void Session::rename(const std::string& displayName) {
    info_.displayName = displayName;
    note();
}

void Session::hangUp() {
    if (info_.container.empty()) signalShell(terminal_.get(), pid(), SIGHUP);
}

void Session::kill() {
    if (!info_.container.empty()) return;
    killSession(info_.pid > 1 ? pid() : ::tcgetsid(terminal_.get()));
}

} // namespace talome::terminal
