// TLS for the engine (RFC 8446, and 1.2 as RFC 9325 advises), on OpenSSL and without its socket layer: every call does
// what can be done now and says what to wait for, so that a connection costs no thread.
#pragma once

#include "host/http/certificate.hpp"

#include <Poco/Crypto/OpenSSLInitializer.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

/// The certificate, and how this server speaks TLS: 1.2 or 1.3, http/1.1 as the only protocol within, sessions resumed
/// by tickets, of which the server keeps nothing. All members may be called by any thread.
class TlsContext {
public:
    /// Throws std::runtime_error with the file and the reason.
    TlsContext(std::filesystem::path chainFile, std::filesystem::path keyFile);
    ~TlsContext();

    /// Reads the files again, for connections to come; those that are open keep what they have. Throws as the
    /// constructor does, and then all stays as it was. Also makes a new ticket key: worth doing once a day.
    void reload();

    /// What does not stop it from being used and is still wrong, see Certificate.
    std::vector<std::string> warnings() const;
    /// When the certificate expires.
    std::chrono::system_clock::time_point expires() const;

private:
    friend class TlsSession;
    struct Free {
        void operator()(SSL_CTX* context) const;
    };
    struct State {
        std::unique_ptr<SSL_CTX, Free> context;
        std::vector<std::string> warnings;
        std::chrono::system_clock::time_point expires{};
    };
    State load() const;
    SSL* newSession() const;

    /// Poco initialises OpenSSL with the first of its cryptographic objects and tears it down with the last, see
    /// auth::Sessions. While this one lives it does neither.
    const Poco::Crypto::OpenSSLInitializer openssl_;
    const std::filesystem::path chainFile_, keyFile_;
    mutable std::mutex mutex_;
    State state_;
};

/// One connection's TLS over a connected, non-blocking socket that somebody else owns and that outlives it. For one
/// thread at a time. Writing to a socket whose peer has left never raises SIGPIPE here (MSG_NOSIGNAL), whatever the
/// process does with that signal.
class TlsSession {
public:
    TlsSession(const TlsContext& context, int descriptor);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    enum class Outcome {
        done,
        wantRead,  ///< call again, with the same arguments, when the socket can be read
        wantWrite, ///< the same when it can be written to
        closed,    ///< the peer ended the connection, properly or not
        failed     ///< see error(); nothing more can be done than to close
    };

    /// done: read() and write() may be called.
    Outcome handshake();
    /// done: `got` bytes, at least one.
    Outcome read(void* to, std::size_t n, std::size_t& got);
    /// Sends both, one after the other, in as few records as they fill. done: all of it is taken. Else `taken` bytes
    /// are, and the next call must begin with the rest, though it may lie elsewhere in memory and be longer.
    Outcome write(std::string_view first, std::string_view second, std::size_t& taken);
    Outcome write(std::string_view bytes, std::size_t& taken) { return write(bytes, {}, taken); }

    /// May read() have something that has left the socket already, so that no event would tell of it? False after
    /// read() said wantRead.
    bool pending() const;
    /// Tells the peer that nothing more follows, if that can be sent now. Never waits.
    void shutdown();

    /// After handshake() failed: the client speaks plain HTTP. What it sent still waits in the socket, and nothing was
    /// sent to it, so it can be answered in its own language.
    bool plainHttp() const { return plainHttp_; }
    /// Why it failed, for the log.
    const std::string& error() const { return error_; }

private:
    Outcome after(int result);
    Outcome fail(std::string why);

    struct Free {
        void operator()(SSL* session) const;
    };
    const std::unique_ptr<SSL, Free> ssl_;
    const int descriptor_;
    bool begun_ = false, established_ = false, plainHttp_ = false;
    Outcome end_ = Outcome::done; ///< closed or failed: of the whole connection, for good
    bool drained_ = true;         ///< nothing that came from the socket can be read yet
    std::string error_;
};

} // namespace talome::http
