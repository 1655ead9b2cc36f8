// What the plugin asks of talome-pty.
#include "pty/own_folder.hpp"
#include "pty/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <talome/abi.h>

namespace talome::terminal {

namespace {

struct Refusal : std::runtime_error {
    Refusal(talome_status as, const std::string& words) : std::runtime_error(words), status(as) {}
    talome_status status;
};

constexpr std::uint64_t kMostUpload = 10u << 20;
constexpr auto kSweepEvery = std::chrono::hours(1);

void requireSize(std::uint64_t cols, std::uint64_t rows) {
    if (cols < 2 || cols > 500) throw Refusal(TALOME_E_INVALID, "cols: must be from 2 to 500");
    if (rows < 1 || rows > 200) throw Refusal(TALOME_E_INVALID, "rows: must be from 1 to 200");
}

} // namespace

void Server::answer(Connection& connection, Kind kind, std::string_view payload) {
    const auto done = [&](std::string with = {}) { connection.queue(frameOf(Kind::done, with)); };
    try {
        switch (kind) {
        case Kind::health:
            return done(encode(health()));
        case Kind::list:
            return done(list());
        case Kind::create:
            return done(create(decode<Create>(payload), connection.takeDescriptor()));
        case Kind::attach:
            return attach(connection, decode<Attach>(payload));
        case Kind::inputTo: {
            const auto input = decode<Input>(payload);
            Session& session = find(input.key);
            if (!session.write(input.data)) throw Refusal(TALOME_E_LIMITED, "the program does not take its input");
            watchSession(session);
            return done();
        }
        case Kind::resizeTo: {
            const auto size = decode<Size>(payload);
            requireSize(size.cols, size.rows);
            find(size.key).resize(static_cast<unsigned>(size.cols), static_cast<unsigned>(size.rows));
            return done();
        }
        case Kind::kill:
            endSession(find(decode<Size>(payload).key));
            return done();
        case Kind::rename: {
            const auto name = decode<Rename>(payload);
            find(name.key).rename(name.displayName);
            return done();
        }
        case Kind::outputOf:
            return done(outputOf(decode<OutputOf>(payload)));
        case Kind::recordingOf: {
            const Session& session = find(decode<Size>(payload).key);
            if (session.recording() < 0) throw Refusal(TALOME_E_NOT_FOUND, "this session is not recorded");
            const std::string path = "/proc/self/fd/" + std::to_string(session.recording());
            Descriptor reading(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); // with a place of its own to read at
            if (!reading) throw Refusal(TALOME_E_INTERNAL, std::string("the recording: ") + std::strerror(errno));
            return connection.queueWith(frameOf(Kind::done, {}), std::move(reading));
        }
        case Kind::upload:
            return done(encode(Text{upload(decode<Text>(payload).text, connection.takeDescriptor())}));
        case Kind::replaceSelf:
            replacing_ = true;
            return done();
        case Kind::input: {
            if (!connection.session) throw Refusal(TALOME_E_CONFLICT, "nothing is attached");
            connection.session->write(decode<Text>(payload).text);
            return watchSession(*connection.session);
        }
        case Kind::resize: {
            const auto size = decode<Size>(payload);
            if (!connection.session) throw Refusal(TALOME_E_CONFLICT, "nothing is attached");
            requireSize(size.cols, size.rows);
            return connection.session->resize(static_cast<unsigned>(size.cols), static_cast<unsigned>(size.rows));
        }
        case Kind::ack:
            connection.acknowledges = true;
            connection.acknowledged =
                std::clamp(decode<Ack>(payload).sequence, connection.acknowledged, connection.sent);
            connection.acknowledgedAt = Steady::now();
            return;
        default:
            throw Refusal(TALOME_E_UNSUPPORTED, "talome-pty does not know what it is asked");
        }
    } catch (const Refusal& refusal) {
        connection.queue(frame(Kind::failed, Failed{refusal.status, refusal.what()}));
    } catch (const ProtocolError& error) {
        connection.queue(frame(Kind::failed, Failed{TALOME_E_INVALID, error.what()}));
    } catch (const std::system_error& error) {
        connection.queue(frame(Kind::failed, Failed{TALOME_E_UNAVAILABLE, error.what()}));
    }
}

Session& Server::find(const Key& key) {
    const auto found = sessions_.find(key);
    if (found == sessions_.end() || found->second->killAt)
        throw Refusal(TALOME_E_NOT_FOUND, "there is no session " + key.id);
    return *found->second;
}

std::string Server::create(const Create& wanted, Descriptor container) {
    requireSize(wanted.cols, wanted.rows);
    if (const auto found = sessions_.find(wanted.key); found != sessions_.end()) {
        if (found->second->killAt) throw Refusal(TALOME_E_CONFLICT, "the session " + wanted.key.id + " is just ending");
        throw Refusal(TALOME_E_CONFLICT, "there is a session " + wanted.key.id + " already");
    }
    if (sessions_.size() >= wanted.limits.sessions)
        throw Refusal(TALOME_E_CONFLICT,
                      "there are " + std::to_string(sessions_.size()) + " sessions, and no more may be");
    const auto own =
        std::ranges::count_if(sessions_, [&](const auto& each) { return each.first.owner == wanted.key.owner; });
    if (static_cast<std::uint64_t>(own) >= wanted.limits.ofOwner)
        throw Refusal(TALOME_E_CONFLICT, "you have " + std::to_string(own) + " sessions, and no more may be");
    if (!wanted.container.empty() && !container) throw Refusal(TALOME_E_INVALID, "container: its stream is missing");
    try {
        auto session = std::make_unique<Session>(account_, wanted, std::move(container));
        const auto answer = encode(session->info());
        adopt(std::move(session));
        return answer;
    } catch (const std::system_error&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw Refusal(TALOME_E_INVALID, error.what());
    }
}

void Server::attach(Connection& connection, const Attach& wanted) {
    Session& session = find(wanted.key);
    const bool again = connection.session == &session;
    if (connection.session && !again) throw Refusal(TALOME_E_CONFLICT, "another session is attached");
    if (!again && session.clients >= session.limits().clients)
        throw Refusal(TALOME_E_LIMITED,
                      "the session has " + std::to_string(session.clients) + " clients, and no more may be");
    if (wanted.cols || wanted.rows) {
        requireSize(wanted.cols, wanted.rows);
        session.resize(static_cast<unsigned>(wanted.cols), static_cast<unsigned>(wanted.rows));
    }
    if (!again) ++session.clients;
    connection.session = &session;
    connection.acknowledges = wanted.acknowledges;
    connection.acknowledgedAt = Steady::now();
    const OutputRing& ring = session.ring();
    const bool has = wanted.resume != kNoSequence && wanted.resume >= ring.begin() && wanted.resume <= ring.end();
    connection.wantsRedraw = !has;
    connection.sent = connection.acknowledged = has ? wanted.resume : ring.end();
    auto info = session.info();
    info.sequence = connection.sent;
    connection.toldClients = session.clients;
    connection.queue(frameOf(Kind::done, encode(info)));
}

std::string Server::list() const {
    terminal::Sessions all;
    for (const auto& [key, session] : sessions_)
        if (!session->killAt) all.sessions.push_back(session->info());
    return encode(all);
}

std::string Server::outputOf(const OutputOf& wanted) {
    const Session& session = find(wanted.key);
    std::string text = session.plainText();
    while (text.ends_with("\n\n")) text.pop_back();
    if (wanted.tail && text.size() > wanted.tail) {
        std::size_t cut = text.size() - wanted.tail;
        while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) ++cut;
        text.erase(0, cut);
    }
    return encode(Text{std::move(text)});
}

std::string Server::upload(const std::string& ending, const Descriptor& file) {
    static constexpr std::array kEndings = {"png", "jpg", "webp", "gif"};
    if (std::ranges::find(kEndings, ending) == kEndings.end())
        throw Refusal(TALOME_E_INVALID, "file: not an image of a known kind");
    struct stat is {};
    if (!file || ::fstat(file.get(), &is) != 0 || !S_ISREG(is.st_mode))
        throw Refusal(TALOME_E_INVALID, "file: is missing");
    if (static_cast<std::uint64_t>(is.st_size) > kMostUpload)
        throw Refusal(TALOME_E_TOO_LARGE, "file: more than 10 MiB");
    const std::string folder = "terminal-uploads";
    static std::uint64_t last = 0;
    const std::string name = std::to_string(nowMs()) + "-" + std::to_string(++last) + "." + ending;
    const Descriptor made = makeFile(openOwnFolder(account_.home, folder), name);
    off_t from = 0;
    while (from < is.st_size) {
        const ssize_t n =
            ::copy_file_range(file.get(), &from, made.get(), nullptr, static_cast<std::size_t>(is.st_size - from), 0);
        if (n > 0) continue;
        if (n < 0 && errno == EINTR) continue;
        char piece[64 * 1024]; // of another file system
        const ssize_t got = ::pread(file.get(), piece, sizeof piece, from);
        if (got <= 0 || ::write(made.get(), piece, static_cast<std::size_t>(got)) != got)
            throw std::system_error(errno, std::generic_category(), "the file cannot be kept");
        from += got;
    }
    sweepAt_ = Steady::now() + kSweepEvery;
    return account_.home + (account_.home.ends_with('/') ? "" : "/") + ".talome/" + folder + "/" + name;
}

Health Server::health() const {
    Health now;
    now.bootId = bootId_;
    now.sessions = sessions_.size();
    now.recovered = static_cast<std::uint64_t>(
        std::ranges::count_if(sessions_, [](const auto& each) { return each.second->info().recovered; }));
    now.pid = static_cast<std::uint64_t>(::getpid());
    now.user = account_.name;
    now.home = account_.home;
    return now;
}

} // namespace talome::terminal
