#include "pty/connection.hpp"

#include <cerrno>

namespace talome::terminal {

namespace {
constexpr std::size_t kMostWaitingInput = 5u << 20; // bytes of one connection that have not been looked at
constexpr std::size_t kPull = 128u << 10;           // bytes of a frame of output
constexpr std::size_t kMostDescriptors = 4;
} // namespace

bool Connection::receive() {
    char piece[64 * 1024];
    for (int round = 0; round < 16 && in_.waiting() < kMostWaitingInput; ++round) {
        const ssize_t n = receiveWith(socket_.get(), piece, sizeof piece, descriptors_);
        if (descriptors_.size() > kMostDescriptors) return false;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN;
        if (n == 0) return false;
        in_.add({piece, static_cast<std::size_t>(n)});
        if (static_cast<std::size_t>(n) < sizeof piece) return true;
    }
    return true;
}

Descriptor Connection::takeDescriptor() {
    if (descriptors_.empty()) return {};
    Descriptor first = std::move(descriptors_.front());
    descriptors_.erase(descriptors_.begin());
    return first;
}

void Connection::queueWith(std::string frame, Descriptor fd) {
    out_ = std::move(frame);
    outAt_ = 0;
    along_ = std::move(fd);
}

bool Connection::flush() {
    while (!idle()) {
        const auto rest = std::string_view(out_).substr(outAt_);
        const ssize_t n = sendWith(socket_.get(), rest, along_.get());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return true;
        if (n <= 0) return false;
        along_.reset();
        outAt_ += static_cast<std::size_t>(n);
    }
    out_.clear();
    outAt_ = 0;
    if (out_.capacity() > 4 * kPull) out_.shrink_to_fit();
    return true;
}

bool Connection::pull() {
    if (!session || !idle()) return false;
    const OutputRing& ring = session->ring();
    if (toldClients != session->clients) {
        toldClients = session->clients;
        queue(frame(Kind::clients, Clients{toldClients}));
        return true;
    }
    // Who is behind by more than is kept gets the screen as it is now instead of all that led to it.
    if (wantsRedraw || sent < ring.begin()) {
        wantsRedraw = false;
        sent = acknowledged = ring.end();
        queue(frame(Kind::redraw, Output{ring.end(), session->redraw()}));
        return true;
    }
    if (sent == ring.end()) return false;
    Output piece;
    for (const auto part : ring.read(sent, kPull)) piece.bytes.append(part);
    sent += piece.bytes.size();
    piece.sequence = sent;
    queue(frame(Kind::output, piece));
    return true;
}

} // namespace talome::terminal
