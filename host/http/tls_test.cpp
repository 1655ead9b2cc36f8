// TLS over pairs of sockets, with certificates made here and OpenSSL's own client at the other end.
#include "host/http/tls.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <fstream>
#include <functional>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace talome::http;
using Outcome = TlsSession::Outcome;

namespace {

struct FreeAny {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
    void operator()(SSL* p) const { SSL_free(p); }
    void operator()(SSL_SESSION* p) const { SSL_SESSION_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
};
template <typename T> using Owned = std::unique_ptr<T, FreeAny>;

std::string pem(const std::function<void(BIO*)>& write) {
    const Owned<BIO> bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* text = nullptr;
    const auto n = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(n)};
}

struct Pair {
    std::string certificate, key;
};

constexpr long kDay = 24 * 60 * 60;

/// A self-signed certificate, valid between these times from now.
Pair make(const std::string& name, long from = -kDay, long to = 90 * kDay, unsigned rsaBits = 0) {
    const Owned<EVP_PKEY> key(rsaBits ? EVP_RSA_gen(rsaBits) : EVP_EC_gen("P-256"));
    const Owned<X509> certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to);
    auto* subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    X509_set_pubkey(certificate.get(), key.get());
    REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
    return {pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); }), pem([&](BIO* bio) {
                PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
}

/// A folder with the two files.
struct Files {
    explicit Files(const Pair& pair) { put(pair); }
    ~Files() { std::filesystem::remove_all(folder); }
    void put(const Pair& pair) const {
        std::ofstream(chain) << pair.certificate;
        std::ofstream(key) << pair.key;
        ::chmod(key.c_str(), 0600);
    }
    static std::filesystem::path fresh() {
        auto name = (std::filesystem::temp_directory_path() / "talome-tls-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()));
        return name;
    }
    const std::filesystem::path folder = fresh(), chain = (folder / "chain.pem"), key = (folder / "key.pem");
};

std::string refusal(const Files& files) {
    try {
        TlsContext(files.chain, files.key);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "accepted";
}

bool ends(const std::string& text, const std::string& with) { return text.ends_with(with); }

struct Client {
    Owned<SSL_CTX> context{SSL_CTX_new(TLS_client_method())};
    Owned<SSL> ssl;
    SSL_SESSION* resume = nullptr;
    Owned<SSL_SESSION> ticket;
    std::string protocols; ///< as ALPN writes them

    void open(int descriptor) {
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_set_ex_data(context.get(), 0, this);
        SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION* session) {
            static_cast<Client*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0))->ticket.reset(session);
            return 1;
        });
        ssl.reset(SSL_new(context.get()));
        SSL_set_fd(ssl.get(), descriptor);
        if (!protocols.empty())
            SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size()));
        if (resume) SSL_set_session(ssl.get(), resume);
        SSL_set_connect_state(ssl.get());
    }
    std::string serverName() const {
        const Owned<X509> certificate(SSL_get1_peer_certificate(ssl.get()));
        char name[80] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof name);
        return name;
    }
    std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(ssl.get(), &name, &length);
        return {reinterpret_cast<const char*>(name), length};
    }
};

/// Two connected, non-blocking sockets.
struct Sockets {
    Sockets() {
        int both[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both) == 0);
        server = both[0], client = both[1];
    }
    ~Sockets() {
        ::close(server);
        closeClient();
    }
    void closeClient() {
        if (client >= 0) ::close(client);
        client = -1;
    }
    int server, client;
};

struct Talk {
    explicit Talk(const TlsContext& context) : session(context, sockets.server) {}
    Talk(const TlsContext& context, Client& client) : Talk(context) {
        client.open(sockets.client);
        outcome = handshake(client);
    }
    /// Both ends in turn until the server's end is done or broken; then the client reads what came with it.
    Outcome handshake(Client& client) {
        for (int i = 0; i < 100; ++i) {
            SSL_do_handshake(client.ssl.get());
            const auto now = session.handshake();
            if (now == Outcome::wantRead || now == Outcome::wantWrite) continue;
            SSL_do_handshake(client.ssl.get());
            char none;
            if (now == Outcome::done) SSL_read(client.ssl.get(), &none, 1);
            return now;
        }
        return Outcome::wantRead;
    }
    std::string read(std::size_t most = 100) {
        std::string text(most, '\0');
        std::size_t got = 0;
        outcome = session.read(text.data(), most, got);
        return text.substr(0, got);
    }
    Sockets sockets;
    TlsSession session;
    Outcome outcome = Outcome::wantRead;
};

struct Fixture {
    Files files{make("first")};
    TlsContext context{files.chain, files.key};
    Client client;
};

} // namespace

TEST_CASE("a certificate that cannot be used is refused in words") {
    const auto good = make("good"), other = make("other");
    const Files files(good);
    CHECK(refusal(files) == "accepted");

    const auto chain = files.chain.string(), key = files.key.string();
    files.put({good.certificate, other.key});
    CHECK(refusal(files) == key + ": the key does not belong to the certificate in " + chain);
    files.put({other.certificate + good.certificate, good.key});
    CHECK(refusal(files).starts_with(chain + ": the server's own certificate must stand first"));
    files.put({good.certificate + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", good.key});
    CHECK(refusal(files).starts_with(chain + ": is damaged after its first certificate: "));
    files.put({good.key, good.key});
    CHECK(refusal(files) == chain + ": holds no certificate in PEM form");
    files.put({good.certificate, good.certificate});
    CHECK(refusal(files) == key + ": holds no private key in PEM form");
    files.put({good.certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"});
    CHECK(refusal(files).starts_with(key + ": the key is damaged: "));
    files.put({"", good.key});
    CHECK(refusal(files) == chain + ": holds no certificate in PEM form");
    const auto weak = make("weak", -kDay, kDay, 1024);
    files.put(weak);
    CHECK(refusal(files) == chain + ": this certificate cannot be used: ee key too small");

    files.put(good);
    std::filesystem::remove(files.key);
    CHECK(refusal(files) == key + ": No such file or directory");
    std::filesystem::create_directory(files.key);
    CHECK(refusal(files) == key + ": is not a file");
}

TEST_CASE("a key with a passphrase is refused, and nobody is asked for it") {
    const auto pair = make("locked");
    const Files files(pair);
    const Owned<BIO> from(BIO_new_mem_buf(pair.key.data(), static_cast<int>(pair.key.size())));
    const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr));
    files.put({pair.certificate, pem([&](BIO* bio) {
                   PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
               })});
    CHECK(refusal(files).find("the key is locked by a passphrase") != std::string::npos);
}

TEST_CASE("what is only unwise is a warning") {
    const Files files(make("fine"));
    CHECK(TlsContext(files.chain, files.key).warnings().empty());

    const auto only = [&] {
        const auto all = TlsContext(files.chain, files.key).warnings();
        REQUIRE(all.size() == 1);
        return all[0];
    };
    files.put(make("old", -2 * kDay, -kDay));
    CHECK(only().find("the certificate expired on 20") != std::string::npos);
    files.put(make("ending", -2 * kDay, 10 * kDay));
    CHECK(only().find("the certificate expires on 20") != std::string::npos);
    files.put(make("early", kDay, 90 * kDay));
    CHECK(only().find("is valid only from 20") != std::string::npos);
    files.put(make("open"));
    ::chmod(files.key.c_str(), 0644);
    CHECK(ends(only(), "everybody on this machine may read the key"));
}

TEST_CASE("one file may hold both") {
    const auto pair = make("both");
    const Files files({pair.key + pair.certificate, pair.key + pair.certificate});
    CHECK(refusal(files) == "accepted");
}

TEST_CASE_FIXTURE(Fixture, "bytes go both ways, in each version") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_min_proto_version(client.context.get(), version);
        SSL_CTX_set_max_proto_version(client.context.get(), version);
        Talk talk(context, client);
        REQUIRE(talk.outcome == Outcome::done);
        CHECK(SSL_version(client.ssl.get()) == version);
        CHECK(talk.read().empty());
        CHECK(talk.outcome == Outcome::wantRead);
        REQUIRE(SSL_write(client.ssl.get(), "question", 8) == 8);
        CHECK(talk.read() == "question");

        std::size_t taken = 0;
        CHECK(talk.session.write("head ", "body", taken) == Outcome::done);
        CHECK(taken == 9);
        char text[20];
        CHECK(std::string(text, static_cast<std::size_t>(SSL_read(client.ssl.get(), text, 20))) == "head body");
    }
}

TEST_CASE_FIXTURE(Fixture, "old versions and other protocols are refused in words") {
    SUBCASE("TLS 1.1") {
        SSL_CTX_set_max_proto_version(client.context.get(), TLS1_1_VERSION);
        SSL_CTX_set_min_proto_version(client.context.get(), TLS1_1_VERSION);
        SSL_CTX_set_cipher_list(client.context.get(), "ALL:@SECLEVEL=0");
        Talk talk(context, client);
        CHECK(talk.outcome == Outcome::failed);
        CHECK(talk.session.error() == "the client speaks no TLS that is safe today (unsupported protocol)");
    }
    SUBCASE("RSA key exchange") {
        files.put(make("rsa", -kDay, 90 * kDay, 2048));
        context.reload();
        SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(client.context.get(), "AES256-SHA:AES128-GCM-SHA256");
        Talk talk(context, client);
        CHECK(talk.outcome == Outcome::failed);
        CHECK(talk.session.error() == "the client speaks no TLS that is safe today (no shared cipher)");
    }
    SUBCASE("only HTTP/2") {
        client.protocols = "\2h2";
        Talk talk(context, client);
        CHECK(talk.outcome == Outcome::failed);
        CHECK(talk.session.error() == "no application protocol");
    }
    SUBCASE("HTTP/2 or 1.1") {
        client.protocols = "\2h2\10http/1.1";
        Talk talk(context, client);
        CHECK(talk.outcome == Outcome::done);
        CHECK(client.protocol() == "http/1.1");
    }
}

TEST_CASE_FIXTURE(Fixture, "a client that does not trust the certificate is named as the reason") {
    SSL_CTX_set_verify(client.context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
    Talk talk(context, client);
    CHECK(talk.outcome == Outcome::failed);
    CHECK(talk.session.error() == "the client does not accept the certificate (tlsv1 alert unknown ca)");
    CHECK(talk.session.handshake() == Outcome::failed);
}

TEST_CASE_FIXTURE(Fixture, "sessions are resumed by their tickets") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Client first;
        SSL_CTX_set_max_proto_version(first.context.get(), version);
        {
            Talk talk(context, first);
            REQUIRE(talk.outcome == Outcome::done);
            CHECK_FALSE(SSL_session_reused(first.ssl.get()));
        }
        REQUIRE(first.ticket);
        Client second;
        SSL_CTX_set_max_proto_version(second.context.get(), version);
        second.resume = first.ticket.get();
        Talk talk(context, second);
        REQUIRE(talk.outcome == Outcome::done);
        CHECK(SSL_session_reused(second.ssl.get()));
    }
}

TEST_CASE_FIXTURE(Fixture, "what a client cannot be sent now is sent later, from wherever it lies") {
    const int small = 4096;
    Talk talk(context);
    ::setsockopt(talk.sockets.server, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    client.open(talk.sockets.client);
    REQUIRE(talk.handshake(client) == Outcome::done);

    std::string whole;
    for (int i = 0; whole.size() < 300'000; ++i) whole += std::to_string(i) + ' ';
    std::string received, buffer(20'000, '\0');
    std::size_t at = 0;
    unsigned waits = 0;
    while (received.size() < whole.size()) {
        const std::string moved = whole.substr(at); // never the same memory twice
        const auto cut = std::min<std::size_t>(moved.size(), 700);
        std::size_t taken = 0;
        const auto outcome =
            talk.session.write(std::string_view(moved).substr(0, cut), std::string_view(moved).substr(cut), taken);
        at += taken;
        if (outcome == Outcome::wantWrite) ++waits;
        if (outcome != Outcome::wantWrite) REQUIRE(outcome == Outcome::done);
        const int n = SSL_read(client.ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (n > 0) received.append(buffer, 0, static_cast<std::size_t>(n));
    }
    CHECK(received == whole);
    CHECK(waits > 3);
}

TEST_CASE_FIXTURE(Fixture, "what has left the socket and was not read is known") {
    Talk talk(context, client);
    CHECK(talk.read().empty());
    CHECK_FALSE(talk.session.pending());
    SSL_write(client.ssl.get(), "abc", 3);
    SSL_write(client.ssl.get(), "def", 3);
    CHECK(talk.read(2) == "ab");
    CHECK(talk.session.pending()); // within a record
    CHECK(talk.read(1) == "c");
    CHECK(talk.session.pending()); // a whole record
    pollfd entry{talk.sockets.server, POLLIN, 0};
    CHECK(::poll(&entry, 1, 0) == 0); // of which the socket does not tell
    CHECK(talk.read() == "def");
    CHECK(talk.read().empty());
    CHECK(talk.outcome == Outcome::wantRead);
    CHECK_FALSE(talk.session.pending());
}

TEST_CASE_FIXTURE(Fixture, "the first half of a record is not worth another read") {
    Talk talk(context, client);
    Sockets other; // catches what the client writes
    SSL_set_fd(client.ssl.get(), other.client);
    SSL_write(client.ssl.get(), "hello", 5);
    char bytes[100];
    const auto n = ::recv(other.server, bytes, sizeof bytes, 0);
    REQUIRE(::send(talk.sockets.client, bytes, 10, 0) == 10);
    CHECK(talk.read().empty());
    CHECK(talk.outcome == Outcome::wantRead);
    CHECK_FALSE(talk.session.pending());
    ::send(talk.sockets.client, bytes + 10, static_cast<std::size_t>(n) - 10, 0);
    CHECK(talk.read() == "hello");
}

TEST_CASE_FIXTURE(Fixture, "a request that comes with the end of the handshake is not lost") {
    Talk talk(context);
    client.open(talk.sockets.client);
    SSL_do_handshake(client.ssl.get());
    CHECK(talk.session.handshake() == Outcome::wantRead);
    SSL_do_handshake(client.ssl.get());
    SSL_write(client.ssl.get(), "early", 5);
    CHECK(talk.session.handshake() == Outcome::done);
    CHECK(talk.session.pending());
    CHECK(talk.read() == "early");
}

TEST_CASE_FIXTURE(Fixture, "plain HTTP is recognised before anything is sent or taken") {
    for (const std::string method : {"GET", "OPTIONS", "PATCH"}) {
        Talk talk(context);
        CHECK(talk.session.handshake() == Outcome::wantRead);
        const auto request = method + " / HTTP/1.1\r\n";
        ::send(talk.sockets.client, request.data(), request.size(), 0);
        CHECK(talk.session.handshake() == Outcome::failed);
        CHECK(talk.session.plainHttp());
        CHECK(talk.session.handshake() == Outcome::failed);
        talk.session.shutdown();
        char bytes[40];
        CHECK(::recv(talk.sockets.client, bytes, sizeof bytes, 0) < 0);
        CHECK(::recv(talk.sockets.server, bytes, sizeof bytes, 0) == static_cast<ssize_t>(request.size()));
    }
    Talk talk(context);
    ::send(talk.sockets.client, "0123456789", 10, 0);
    CHECK(talk.session.handshake() == Outcome::failed);
    CHECK_FALSE(talk.session.plainHttp());
    CHECK(talk.session.error() == "the client does not speak TLS");
}

TEST_CASE_FIXTURE(Fixture, "a client that leaves is the end, not an error and not a signal") {
    std::size_t taken = 0;
    SUBCASE("before the handshake") {
        Talk talk(context);
        talk.sockets.closeClient();
        CHECK(talk.session.handshake() == Outcome::closed);
    }
    SUBCASE("in the middle of it") {
        Talk talk(context);
        client.open(talk.sockets.client);
        SSL_do_handshake(client.ssl.get());
        CHECK(talk.session.handshake() == Outcome::wantRead);
        talk.sockets.closeClient();
        CHECK(talk.session.handshake() == Outcome::closed);
    }
    SUBCASE("with a word") {
        Talk talk(context, client);
        SSL_shutdown(client.ssl.get());
        talk.read();
        CHECK(talk.outcome == Outcome::closed);
        CHECK(talk.session.write("it may still listen", taken) == Outcome::done);
    }
    SUBCASE("without one") {
        Talk talk(context, client);
        talk.sockets.closeClient();
        talk.read();
        CHECK(talk.outcome == Outcome::closed);
        CHECK(talk.session.write("x", taken) == Outcome::closed);
        CHECK(talk.session.write("x", taken) == Outcome::closed);
        talk.session.shutdown();
    }
}

TEST_CASE_FIXTURE(Fixture, "the client is told that nothing more follows") {
    Talk talk(context, client);
    talk.session.shutdown();
    char text[10];
    CHECK(SSL_get_error(client.ssl.get(), SSL_read(client.ssl.get(), text, 10)) == SSL_ERROR_ZERO_RETURN);
}

TEST_CASE_FIXTURE(Fixture, "a client cannot make the server negotiate again") {
    SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
    Talk talk(context, client);
    SSL_renegotiate(client.ssl.get());
    SSL_do_handshake(client.ssl.get());
    talk.read();
    CHECK(talk.outcome == Outcome::wantRead);
    const int result = SSL_do_handshake(client.ssl.get());
    CHECK(SSL_get_error(client.ssl.get(), result) == SSL_ERROR_SSL);
    CHECK(ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_NO_RENEGOTIATION);
}

TEST_CASE_FIXTURE(Fixture, "new files are for new connections, and bad ones for none") {
    Talk before(context, client);
    CHECK(client.serverName() == "first");

    files.put(make("second", -kDay, 10 * kDay));
    context.reload();
    CHECK(context.warnings().size() == 1);
    Client later;
    {
        Talk talk(context, later);
        CHECK(later.serverName() == "second");
    }
    SSL_write(client.ssl.get(), "still here", 10);
    CHECK(before.read() == "still here");

    const auto expires = context.expires();
    files.put({"half a fi", "le"});
    CHECK_THROWS_AS(context.reload(), std::runtime_error);
    CHECK(context.expires() == expires);
    Client last;
    Talk talk(context, last);
    CHECK(last.serverName() == "second");
}
