// What the plugin and talome-pty say to each other over the unix socket: frames of a length (4 bytes, little end first,
// of what follows), a kind (1 byte) and the fields of a struct. One connection carries either requests, each answered
// by `done` or `failed` before the next, or, after `attach` is answered, one client of a session: then input, resize
// and ack go one way, and output, redraw, clients and exit the other.
#pragma once

#include "protocol/fields.hpp"

#include <cstddef>
#include <tuple>

namespace talome::terminal {

inline constexpr std::uint64_t kProtocol = 1;
inline constexpr std::size_t kFrameHead = 5;
inline constexpr std::size_t kMostFrame = 16u << 20; ///< bytes of a frame: a redraw with its scrollback

/// Numbers stay what they are: the other side may be an older or a newer program.
enum class Kind : std::uint8_t {
    // requests
    health = 1,
    list = 2,
    create = 3, ///< a descriptor along: the session is that of a container
    attach = 4,
    inputTo = 5,
    resizeTo = 6,
    kill = 7,
    rename = 8,
    outputOf = 9,
    recordingOf = 10, ///< a descriptor comes along with the answer
    upload = 11,      ///< a descriptor along: the file
    replaceSelf = 12,
    // of an attached client
    input = 32,
    resize = 33,
    ack = 34,
    // answers
    done = 64,
    failed = 65,
    // to an attached client
    output = 96,
    redraw = 97,
    clients = 98,
    exited = 99
};

/// Whose session, and which. An id is unique for its owner.
struct Key {
    std::string owner, id;
    template <class F> void fields(F& f) { f(owner), f(id); }
    friend bool operator<(const Key& a, const Key& b) { return std::tie(a.owner, a.id) < std::tie(b.owner, b.id); }
    friend bool operator==(const Key&, const Key&) = default;
};

struct Failed {
    std::int64_t status = 0; ///< a talome_status
    std::string words;
    template <class F> void fields(F& f) { f(status), f(words); }
};

struct Health {
    std::uint64_t protocol = kProtocol;
    std::string bootId; ///< of the program: another one after a crash, the same after it has replaced itself
    std::uint64_t sessions = 0, recovered = 0, pid = 0;
    std::string user, home;
    template <class F> void fields(F& f) {
        f(protocol), f(bootId), f(sessions), f(recovered), f(pid), f(user), f(home);
    }
};

struct Limits {
    std::uint64_t sessions = 16, ofOwner = 4, clients = 8;
    std::uint64_t scrollback = 256 << 10; ///< bytes
    std::uint64_t idleSeconds = 4 * 3600; ///< without a client and without input or output; 0: no end
    template <class F> void fields(F& f) { f(sessions), f(ofOwner), f(clients), f(scrollback), f(idleSeconds); }
};

struct Create {
    Key key;
    std::string ownerName, name, displayName;
    std::string container;            ///< its name; empty: a shell of this machine
    std::string execId;               ///< of the container's engine, for its end and its size
    std::vector<std::string> command; ///< empty: the user's shell
    std::string directory;            ///< empty: the user's home
    std::map<std::string, std::string> environment;
    std::uint64_t cols = 80, rows = 24;
    bool ephemeral = false; ///< ends with its last client
    bool record = false;
    Limits limits;
    template <class F> void fields(F& f) {
        f(key), f(ownerName), f(name), f(displayName), f(container), f(execId), f(command), f(directory);
        f(environment), f(cols), f(rows), f(ephemeral), f(record), f(limits);
    }
};

struct SessionInfo {
    Key key;
    std::string ownerName, name, displayName, container, execId;
    std::uint64_t clients = 0, createdAt = 0, lastActivityAt = 0, cols = 0, rows = 0; ///< times in ms since the epoch
    bool recovered = false, ephemeral = false, recording = false;
    std::uint64_t sequence = 0; ///< bytes of output so far
    std::int64_t pid = 0;       ///< of the shell; 0: of a container
    template <class F> void fields(F& f) {
        f(key), f(ownerName), f(name), f(displayName), f(container), f(execId), f(clients), f(createdAt);
        f(lastActivityAt), f(cols), f(rows), f(recovered), f(ephemeral), f(recording), f(sequence), f(pid);
    }
};

struct Sessions {
    std::vector<SessionInfo> sessions;
    template <class F> void fields(F& f) { f(sessions); }
};

inline constexpr std::uint64_t kNoSequence = ~std::uint64_t{0};

struct Attach {
    Key key;
    std::uint64_t cols = 0, rows = 0;   ///< 0: as it is
    std::uint64_t resume = kNoSequence; ///< what the client has already
    bool acknowledges = false;          ///< it says what it has shown, and waits otherwise
    template <class F> void fields(F& f) { f(key), f(cols), f(rows), f(resume), f(acknowledges); }
};

struct Input {
    Key key;
    std::string data;
    template <class F> void fields(F& f) { f(key), f(data); }
};

struct Size {
    Key key;
    std::uint64_t cols = 0, rows = 0;
    template <class F> void fields(F& f) { f(key), f(cols), f(rows); }
};

struct Rename {
    Key key;
    std::string displayName;
    template <class F> void fields(F& f) { f(key), f(displayName); }
};

struct OutputOf {
    Key key;
    std::uint64_t tail = 0; ///< bytes of the newest output; 0: all that is kept
    template <class F> void fields(F& f) { f(key), f(tail); }
};

struct Text {
    std::string text;
    template <class F> void fields(F& f) { f(text); }
};

struct Ack {
    std::uint64_t sequence = 0;
    template <class F> void fields(F& f) { f(sequence); }
};

/// `sequence`: of the byte after the last one. Of a redraw, whose bytes do not count: of the screen that it shows.
struct Output {
    std::uint64_t sequence = 0;
    std::string bytes;
    template <class F> void fields(F& f) { f(sequence), f(bytes); }
};

struct Clients {
    std::uint64_t count = 0;
    template <class F> void fields(F& f) { f(count); }
};

struct Exited {
    std::int64_t code = -1; ///< -1: a signal, or not known
    std::int64_t signal = 0;
    template <class F> void fields(F& f) { f(code), f(signal); }
};

/// The frame of a struct.
std::string frameOf(Kind, std::string_view payload);
template <class T> std::string frame(Kind kind, const T& value) { return frameOf(kind, encode(value)); }

/// Takes frames out of bytes as they come.
class FrameReader {
public:
    explicit FrameReader(std::size_t most) : most_(most) {}
    void add(std::string_view bytes) { bytes_.append(bytes); }
    /// The next whole one; `payload` is valid until the next call of a member. Throws ProtocolError for one that is too
    /// long.
    bool next(Kind& kind, std::string_view& payload);
    std::size_t waiting() const { return bytes_.size() - at_; }

private:
    std::size_t most_;
    std::string bytes_;
    std::size_t at_ = 0;
};

} // namespace talome::terminal
