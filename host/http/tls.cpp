// The TLS of the engine: one OpenSSL context for all connections, one session for each.
#include "host/http/tls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/socket.h>

namespace talome::http {

namespace {

constexpr std::size_t kRecordBytes = 16384; // of plain text, at most (RFC 8446, 5.1)

// TLS 1.2 with forward secrecy and authenticated encryption only; 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr int kSecurityLevel = 2; // 112 bits: no RSA key under 2048, no SHA-1 signature
constexpr unsigned char kContextName[] = "talome";

// What OpenSSL reads from and writes to: the socket, by calls that neither wait nor raise a signal. Its own socket BIO
// uses write(), which raises SIGPIPE.

int descriptorOf(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

int bioWrite(BIO* bio, const char* bytes, std::size_t n, std::size_t* taken) {
    BIO_clear_retry_flags(bio);
    ssize_t sent;
    do sent = ::send(descriptorOf(bio), bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && wouldBlock(errno)) BIO_set_retry_write(bio);
    *taken = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    return sent > 0;
}

int bioRead(BIO* bio, char* to, std::size_t n, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    ssize_t received;
    do received = ::recv(descriptorOf(bio), to, n, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    if (received < 0 && wouldBlock(errno)) BIO_set_retry_read(bio);
    if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    *got = received > 0 ? static_cast<std::size_t>(received) : 0;
    return received > 0;
}

long bioControl(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return 0;
}

const BIO_METHOD* socketMethod() {
    struct Free {
        void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    };
    static const std::unique_ptr<BIO_METHOD, Free> method = [] {
        std::unique_ptr<BIO_METHOD, Free> made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "talome"));
        if (!made) throw std::bad_alloc();
        BIO_meth_set_write_ex(made.get(), bioWrite);
        BIO_meth_set_read_ex(made.get(), bioRead);
        BIO_meth_set_ctrl(made.get(), bioControl);
        return made;
    }();
    return method.get();
}

// A client that names protocols and not http/1.1 expects another one, so it is refused (RFC 7301, 3.2).
int selectProtocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                   unsigned int bytes, void*) {
    constexpr std::string_view ours = "http/1.1";
    for (unsigned int at = 0; at < bytes; at += 1u + offered[at]) {
        const std::string_view name(reinterpret_cast<const char*>(offered + at + 1),
                                    std::min<std::size_t>(offered[at], bytes - at - 1));
        if (name != ours) continue;
        *chosen = offered + at + 1;
        *length = static_cast<unsigned char>(name.size());
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// OpenSSL's own words help its authors; a few happen to every owner.
std::string reasonInWords() {
    const auto error = ERR_peek_error();
    const bool ssl = ERR_GET_LIB(error) == ERR_LIB_SSL;
    const auto words = opensslReason();
    if (!ssl) return words;
    switch (ERR_GET_REASON(error)) {
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "the client does not accept the certificate (" + words + ")";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:
        return "the client speaks no TLS that is safe today (" + words + ")";
    case SSL_R_WRONG_VERSION_NUMBER:
        return "the client does not speak TLS";
    default:
        return words;
    }
}

} // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void TlsSession::Free::operator()(SSL* session) const { SSL_free(session); }

TlsContext::TlsContext(std::filesystem::path chainFile, std::filesystem::path keyFile)
    : chainFile_(std::move(chainFile)), keyFile_(std::move(keyFile)), state_(load()) {}

TlsContext::~TlsContext() = default;

TlsContext::State TlsContext::load() const {
    const Certificate certificate(chainFile_, keyFile_);
    State state{std::unique_ptr<SSL_CTX, Free>(SSL_CTX_new(TLS_server_method())), certificate.warnings(),
                certificate.expires()};
    auto* context = state.context.get();
    if (!context) throw std::runtime_error("TLS: " + opensslReason());
    SSL_CTX_set_security_level(context, kSecurityLevel);
    if (SSL_CTX_use_cert_and_key(context, certificate.own(), certificate.key(), certificate.issuers(), 1) != 1)
        throw std::runtime_error(chainFile_.string() + ": this certificate cannot be used: " + opensslReason());
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 || SSL_CTX_set_cipher_list(context, kCiphers) != 1)
        throw std::runtime_error("TLS: " + opensslReason());
    // That a body was cut is seen by its length, so the end of the connection need not be announced.
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context, 1); // one recv() for a record instead of two
    // A client keeps its session itself, sealed with the context's ticket key.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, kContextName, sizeof kContextName - 1);
    SSL_CTX_set_alpn_select_cb(context, selectProtocol, nullptr);
    return state;
}

void TlsContext::reload() {
    auto fresh = load();
    std::lock_guard lock(mutex_);
    std::swap(state_, fresh);
}

std::vector<std::string> TlsContext::warnings() const {
    std::lock_guard lock(mutex_);
    return state_.warnings;
}

std::chrono::system_clock::time_point TlsContext::expires() const {
    std::lock_guard lock(mutex_);
    return state_.expires;
}

SSL* TlsContext::newSession() const {
    std::lock_guard lock(mutex_);
    return SSL_new(state_.context.get());
}

TlsSession::TlsSession(const TlsContext& context, int descriptor)
    : ssl_(context.newSession()), descriptor_(descriptor) {
    auto* bio = ssl_ ? BIO_new(socketMethod()) : nullptr;
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio); // which owns it now
    SSL_set_accept_state(ssl_.get());
}

TlsSession::Outcome TlsSession::handshake() {
    if (end_ != Outcome::done) return end_;
    if (!begun_) {
        // The first byte of TLS is 22, that of a request is a letter of its method. Looked at before OpenSSL takes it:
        // OpenSSL knows only some methods, and answers the others with bytes of its own.
        char first = 0;
        ssize_t n;
        do n = ::recv(descriptor_, &first, 1, MSG_PEEK | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0 && wouldBlock(errno)) return Outcome::wantRead;
        if (n > 0 && first >= 'A' && first <= 'Z') {
            plainHttp_ = true;
            return fail("the client speaks HTTP, and this port speaks HTTPS");
        }
        begun_ = true;
    }
    ERR_clear_error();
    const auto outcome = after(SSL_do_handshake(ssl_.get()));
    established_ = outcome == Outcome::done;
    drained_ = !established_; // a request may have come in one packet with the end of the handshake
    return outcome;
}

TlsSession::Outcome TlsSession::read(void* to, std::size_t n, std::size_t& got) {
    got = 0;
    if (end_ != Outcome::done) return end_;
    ERR_clear_error();
    const auto outcome = after(SSL_read_ex(ssl_.get(), to, n, &got));
    drained_ = outcome != Outcome::done;
    return outcome;
}

TlsSession::Outcome TlsSession::write(std::string_view first, std::string_view second, std::size_t& taken) {
    taken = 0;
    if (end_ != Outcome::done) return end_;
    char record[kRecordBytes];
    while (!first.empty() || !second.empty()) {
        auto next = first.empty() ? second : first;
        if (!first.empty() && !second.empty() && first.size() < sizeof record) {
            const auto fill = std::min(second.size(), sizeof record - first.size());
            std::memcpy(record, first.data(), first.size());
            std::memcpy(record + first.size(), second.data(), fill);
            next = {record, first.size() + fill};
        }
        std::size_t n = 0;
        ERR_clear_error();
        const auto outcome = after(SSL_write_ex(ssl_.get(), next.data(), next.size(), &n));
        if (outcome != Outcome::done) return outcome;
        taken += n;
        const auto ofFirst = std::min(first.size(), n);
        first.remove_prefix(ofFirst);
        second.remove_prefix(n - ofFirst);
    }
    return Outcome::done;
}

bool TlsSession::pending() const { return !drained_ && SSL_has_pending(ssl_.get()); }

void TlsSession::shutdown() {
    if (!established_ || end_ != Outcome::done) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

TlsSession::Outcome TlsSession::after(int result) {
    if (result > 0) return Outcome::done;
    const int error = errno; // of the socket, should that be the reason
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return Outcome::wantRead;
    case SSL_ERROR_WANT_WRITE:
        return Outcome::wantWrite;
    case SSL_ERROR_ZERO_RETURN:
        return Outcome::closed;
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        if (error == 0 || error == ECONNRESET || error == EPIPE) return end_ = Outcome::closed;
        return fail(std::strerror(error));
    default:
        return fail(reasonInWords());
    }
}

TlsSession::Outcome TlsSession::fail(std::string why) {
    error_ = std::move(why);
    return end_ = Outcome::failed;
}

} // namespace talome::http
