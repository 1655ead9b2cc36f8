#include "host/http/streams.hpp"

#include "host/http/descriptor.hpp"
#include "host/http/error.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace talome::http {

namespace {
constexpr std::uint64_t kWake = 0; // no stream has this number
constexpr std::size_t kReadBytes = 65536;
constexpr auto kFarewell = std::chrono::seconds(2);
constexpr auto kPatience = std::chrono::hours(1);           // for one who takes what is left slowly
constexpr auto kStuck = std::chrono::seconds(30);           // for a client that takes nothing
constexpr int kGoneMs = 60'000;                             // for a client whose machine does not answer any more
constexpr auto kLookEvery = std::chrono::milliseconds(250); // deadlines nearer than this are looked after together
} // namespace

Streams::Streams(std::size_t most, std::function<void(Connection&)> release)
    : most_(most), release_(std::move(release)) {}

Streams::~Streams() { stop(); }

void Streams::ensureThread() {
    if (thread_.joinable() || stopping_) return;
    Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC)), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWake;
    if (!epoll || !wake || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) < 0)
        throw std::system_error(errno, std::generic_category(), "the stream reactor cannot start");
    epoll_ = epoll.get();
    wake_ = wake.get();
    thread_ = std::thread([this] { run(); });
    epoll.release();
    wake.release();
}

void Streams::post(std::function<void()> wish) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    ensureThread();
    wishes_.push_back(std::move(wish));
    if (wishes_.size() == 1) wake();
}

void Streams::wake() const {
    ::eventfd_write(wake_, 1); // a full counter wakes it just as well
}

void Streams::adopt(Connection& connection, std::shared_ptr<Stream> stream, std::string head) {
    {
        std::lock_guard lock(mutex_);
        if (!stopping_) {
            ensureThread();
            wishes_.push_back([this, &connection, stream, head = std::move(head)] { open(connection, stream, head); });
            ++open_;
            wake();
            return;
        }
    }
    stream->onEnd(Stream::End::closed);
    release_(connection);
}

void Streams::dismissAll(std::string reason) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    ensureThread();
    wishes_.push_back([this, reason = std::move(reason)] {
        dismissed_ = reason;
        std::vector<std::uint64_t> numbers;
        for (auto& [number, entry] : entries_) numbers.push_back(number);
        for (auto number : numbers)
            if (auto* entry = find(number)) dismiss(*entry, reason);
    });
    wake();
}

std::array<std::size_t, 3> Streams::counts() const { return {counts_[0], counts_[1], counts_[2]}; }

void Streams::stop() {
    {
        std::lock_guard lock(mutex_);
        if (stopping_) return;
        stopping_ = true;
        if (!thread_.joinable()) return;
    }
    wake();
    thread_.join();
    ::close(epoll_);
    ::close(wake_);
}

// The reactor's thread.

void Streams::run() {
    threadId_ = std::this_thread::get_id();
    buffer_.reset(new char[kReadBytes]);
    epoll_event events[64];
    for (;;) {
        const int n = ::epoll_wait(epoll_, events, 64, nextTimeout());
        for (int i = 0; i < n; ++i) {
            if (events[i].data.u64 == kWake) {
                std::uint64_t count;
                ::eventfd_read(wake_, &count);
                continue;
            }
            if (auto* entry = find(events[i].data.u64)) onEvent(*entry, events[i].events);
            bury();
        }
        runWishes();
        const auto now = Clock::now();
        if (now >= nextLook_) lookAfterAll(now);
        bury();
        std::lock_guard lock(mutex_);
        if (stopping_ && wishes_.empty()) break;
    }
    for (auto& [number, entry] : entries_) end(*entry, Stream::End::closed);
    bury();
}

void Streams::runWishes() {
    std::vector<std::function<void()>> wishes;
    {
        std::lock_guard lock(mutex_);
        wishes.swap(wishes_);
    }
    for (auto& wish : wishes) {
        wish();
        bury();
    }
}

Streams::Entry* Streams::find(std::uint64_t number) {
    const auto it = entries_.find(number);
    return it == entries_.end() || it->second->over ? nullptr : it->second.get();
}

void Streams::open(Connection& connection, std::shared_ptr<Stream> stream, std::string head) {
    const auto number = next_.fetch_add(1);
    auto owned = std::make_unique<Entry>();
    auto& entry = *owned;
    entry.connection = &connection;
    entry.handle = std::make_shared<StreamHandle>(*this, number, stream->most());
    entry.stream = std::move(stream);
    entry.heard = entry.sent = Clock::now();
    ++counts_[static_cast<std::size_t>(entry.stream->kind())];
    entries_.emplace(number, std::move(owned));
    connection.wakeAbove(0);
    epoll_event event{};
    event.events = entry.watched = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = number;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor(), &event) < 0) {
        entry.watched = 0;
        return end(entry, Stream::End::closed); // the kernel cannot watch one more
    }
    nextLook_ = std::min(nextLook_, entry.sent + entry.stream->pingAfter());
    ::setsockopt(connection.descriptor(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kGoneMs, sizeof kGoneMs);
    if (!head.empty()) entry.handle->sendAnyway(std::make_shared<const std::string>(std::move(head)));
    entry.stream->onOpen(entry.handle);
    if (dismissed_ && !entry.over) dismiss(entry, *dismissed_);
    if (!entry.over && connection.holdsBytes()) readFrom(entry); // what came along with the request
}

void Streams::onEvent(Entry& entry, std::uint32_t events) {
    if (events & (EPOLLHUP | EPOLLERR)) return end(entry, entry.closing ? Stream::End::closed : Stream::End::left);
    if (events & EPOLLOUT) writeTo(entry);
    if (!entry.over && events & (EPOLLIN | EPOLLRDHUP) && !entry.paused) readFrom(entry);
}

void Streams::readFrom(Entry& entry) {
    constexpr int kAtOnce = 8; // then the others have their turn
    try {
        for (int i = 0; i < kAtOnce && !entry.over && !entry.paused; ++i) {
            const auto got = entry.connection->receive(buffer_.get(), kReadBytes, Wait::no);
            if (!got) return;
            if (*got == 0) return end(entry, entry.closing ? Stream::End::closed : Stream::End::left);
            entry.heard = Clock::now();
            if (entry.closing) continue; // it has been told everything
            const auto taken = entry.stream->onBytes({buffer_.get(), *got});
            if (taken < *got) entry.connection->giveBack({buffer_.get() + taken, *got - taken});
            if (*got < kReadBytes && !entry.connection->holdsBytes()) return;
        }
        // What has left the socket wakes nobody.
        if (!entry.over && !entry.paused && entry.connection->holdsBytes())
            post([this, number = entry.handle->number()] {
                if (auto* again = find(number); again && !again->paused) readFrom(*again);
            });
    } catch (const ClientGone&) {
        end(entry, Stream::End::left);
    } catch (const std::exception&) {
        end(entry, Stream::End::slow); // no memory for what it says
    }
}

void Streams::writeTo(Entry& entry) {
    try {
        while (entry.first < entry.queue.size()) {
            const auto& piece = *entry.queue[entry.first];
            const auto n = entry.connection->sendSome(std::string_view(piece).substr(entry.sentOfFirst));
            if (n == 0) break;
            entry.moved = Clock::now();
            entry.sentOfFirst += n;
            entry.handle->queued_ -= n;
            if (entry.sentOfFirst < piece.size()) continue;
            entry.sentOfFirst = 0;
            entry.queue[entry.first++].reset();
        }
    } catch (const ClientGone&) {
        return end(entry, Stream::End::left);
    }
    if (entry.first == entry.queue.size()) {
        entry.queue = {};
        entry.first = 0;
        if (entry.closing) entry.closeBy = std::min(entry.closeBy, Clock::now() + kFarewell);
        if (entry.closing) nextLook_ = std::min(nextLook_, entry.closeBy);
        // The client closes when it has read everything; what it still says is of no interest.
        if (entry.closing) entry.connection->shutdownSend();
    } else if (entry.first > 64) {
        entry.queue.erase(entry.queue.begin(), entry.queue.begin() + static_cast<std::ptrdiff_t>(entry.first));
        entry.first = 0;
    }
    watch(entry);
    tellRoom(entry);
}

void Streams::tellRoom(Entry& entry) {
    if (entry.over || entry.closing || entry.handle->queued_ > entry.handle->most_ / 2) return;
    if (entry.handle->wasFull_.exchange(false)) entry.stream->onRoom();
}

void Streams::enqueue(std::uint64_t number, Piece piece) {
    auto* entry = find(number);
    if (!entry) return;
    if (entry->closing || piece->empty()) {
        entry->handle->queued_ -= piece->size();
        return;
    }
    entry->sent = Clock::now();
    if (!entry->queue.empty())
        return entry->queue.push_back(std::move(piece)); // it goes when what is before it has gone
    entry->moved = entry->sent;
    try {
        entry->sentOfFirst = entry->connection->sendSome(*piece);
    } catch (const ClientGone&) {
        return end(*entry, Stream::End::left);
    }
    entry->handle->queued_ -= entry->sentOfFirst;
    if (entry->sentOfFirst == piece->size()) {
        entry->sentOfFirst = 0; // nearly always: nothing is kept
        return tellRoom(*entry);
    }
    entry->queue.push_back(std::move(piece));
    nextLook_ = std::min(nextLook_, entry->moved + kStuck);
    watch(*entry);
}

void Streams::beginClose(std::uint64_t number, Piece last, bool patient) {
    auto* entry = find(number);
    if (!entry) return;
    const auto now = Clock::now();
    if (entry->closing) {
        if (!patient && std::exchange(entry->patient, false)) entry->closeBy = now + kFarewell;
        nextLook_ = std::min(nextLook_, entry->closeBy);
        return;
    }
    if (last && !last->empty()) {
        entry->handle->queued_ += last->size();
        entry->queue.push_back(std::move(last));
    }
    entry->closing = true;
    entry->paused = false;
    entry->patient = patient && !entry->queue.empty();
    entry->moved = now;
    entry->closeBy = entry->patient ? now + kPatience : now + kFarewell;
    nextLook_ = std::min(nextLook_, now + (entry->patient ? Clock::duration(kStuck) : Clock::duration(kFarewell)));
    writeTo(*entry);
}

void Streams::dismiss(Entry& entry, const std::string& reason) {
    auto last = entry.stream->farewell(reason);
    // A WebSocket without one is being closed already: its close frame is on its way here.
    if (last || entry.closing || entry.stream->kind() != Stream::Kind::websocket)
        beginClose(entry.handle->number(), std::move(last), false);
}

void Streams::applyPause(std::uint64_t number) {
    auto* entry = find(number);
    if (!entry || entry->closing || entry->paused == entry->handle->paused_) return;
    entry->paused = !entry->paused;
    entry->heard = Clock::now(); // it could not be heard meanwhile
    watch(*entry);
    if (!entry->paused && entry->connection->holdsBytes()) readFrom(*entry);
}

// Without EPOLLRDHUP while paused: a client that has closed its side would wake the reactor again and again.
void Streams::watch(Entry& entry) {
    if (entry.over) return;
    std::uint32_t wanted = entry.paused ? 0u : std::uint32_t{EPOLLIN | EPOLLRDHUP};
    if (!entry.queue.empty()) wanted |= EPOLLOUT;
    if (wanted == entry.watched) return;
    epoll_event event{};
    event.events = entry.watched = wanted;
    event.data.u64 = entry.handle->number();
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, entry.connection->descriptor(),
                &event); // cannot fail for one that is in the set
}

void Streams::end(Entry& entry, Stream::End how) {
    if (entry.over) return;
    entry.over = true;
    entry.how = how;
    entry.handle->gone_ = true;
    over_.push_back(entry.handle->number());
}

void Streams::bury() {
    while (!over_.empty()) {
        const auto number = over_.back();
        over_.pop_back();
        const auto it = entries_.find(number);
        auto entry = std::move(it->second);
        entries_.erase(it);
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, entry->connection->descriptor(), nullptr); // absent if it could not be added
        --counts_[static_cast<std::size_t>(entry->stream->kind())];
        --open_;
        if (entry->how == Stream::End::slow || entry->how == Stream::End::silent) ++dropped_;
        // What is cut must not look whole.
        if (entry->how == Stream::End::slow || !entry->queue.empty()) entry->connection->resetOnClose();
        entry->stream->onEnd(entry->how);
        release_(*entry->connection);
    }
}

void Streams::lookAfterAll(Clock::time_point now) {
    auto next = Clock::time_point::max();
    // True when it is over time; notes when that will be else.
    const auto due = [&](Clock::time_point when) {
        if (now >= when) return true;
        next = std::min(next, when);
        return false;
    };
    for (auto& [number, entry] : entries_) {
        if (entry->over) continue;
        if (!entry->queue.empty() && (!entry->closing || entry->patient) && due(entry->moved + kStuck)) {
            end(*entry, Stream::End::slow);
            continue;
        }
        if (entry->closing) {
            if (due(entry->closeBy)) end(*entry, Stream::End::closed);
            continue;
        }
        const auto silent = entry->stream->silentFor();
        if (silent.count() && !entry->paused && due(entry->heard + silent)) {
            end(*entry, Stream::End::silent);
            continue;
        }
        // One who must not be silent is asked when nothing is heard of him, whatever is sent to him.
        const auto after = entry->stream->pingAfter();
        const auto last = std::max(entry->pinged, silent.count() ? entry->heard : entry->sent);
        if (due(last + after)) {
            entry->pinged = now;
            next = std::min(next, now + after);
            if (auto ping = entry->stream->ping()) entry->handle->send(std::move(ping));
        }
    }
    nextLook_ = next == Clock::time_point::max() ? next : std::max(next, now + kLookEvery);
}

int Streams::nextTimeout() const {
    if (nextLook_ == Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(nextLook_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

} // namespace talome::http
