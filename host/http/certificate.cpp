// Reads and checks the PEM files of a server's certificate.
#include "host/http/certificate.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace talome::http {

namespace {

constexpr std::size_t kMostBytes = 1 << 20; // a chain has a few thousand
constexpr std::chrono::hours kSoon{24 * 14};

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
    throw std::runtime_error(file.string() + ": " + why);
}

/// A file's bytes, forgotten safely: they may hold a key.
struct Secret {
    std::string bytes;
    bool everybodyReads = false;
    Secret() = default;
    Secret(Secret&&) = default;
    ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

Secret read(const std::filesystem::path& file) {
    struct Descriptor {
        int value;
        ~Descriptor() {
            if (value >= 0) ::close(value);
        }
    };
    const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    struct stat about {};
    if (descriptor.value < 0 || ::fstat(descriptor.value, &about) < 0) refuse(file, std::strerror(errno));
    if (!S_ISREG(about.st_mode)) refuse(file, "is not a file");
    if (static_cast<std::uint64_t>(about.st_size) > kMostBytes) refuse(file, "is too large for a PEM file");
    Secret secret;
    secret.everybodyReads = about.st_mode & S_IROTH;
    secret.bytes.resize(static_cast<std::size_t>(about.st_size));
    std::size_t have = 0;
    while (have < secret.bytes.size()) {
        const auto n = ::read(descriptor.value, secret.bytes.data() + have, secret.bytes.size() - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) refuse(file, std::strerror(errno));
        if (n == 0) break; // it was cut meanwhile
        have += static_cast<std::size_t>(n);
    }
    secret.bytes.resize(have);
    return secret;
}

Bio reader(const Secret& secret, const std::filesystem::path& file) {
    Bio bio(BIO_new_mem_buf(secret.bytes.data(), static_cast<int>(secret.bytes.size())));
    if (!bio) refuse(file, opensslReason());
    return bio;
}

/// Did the last PEM_read_…() fail only since no further object of its kind is there?
bool atEnd() {
    const auto error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

std::chrono::system_clock::time_point timeOf(const ASN1_TIME* time) {
    std::tm parts{};
    if (!ASN1_TIME_to_tm(time, &parts)) return {};
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::string day(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    char text[32];
    ::gmtime_r(&seconds, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
    return text;
}

// Without one, OpenSSL would ask on the terminal.
int noPassphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

} // namespace

void Certificate::Free::operator()(X509* certificate) const { X509_free(certificate); }
void Certificate::Free::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void Certificate::Free::operator()(stack_st_X509* chain) const { sk_X509_pop_free(chain, X509_free); }

Certificate::Certificate(const std::filesystem::path& chainFile, const std::filesystem::path& keyFile) {
    ERR_clear_error();
    readChain(chainFile);
    readKey(keyFile);
    if (X509_check_private_key(own_.get(), key_.get()) != 1) {
        for (int i = 0; i < sk_X509_num(issuers_.get()); ++i)
            if (X509_check_private_key(sk_X509_value(issuers_.get(), i), key_.get()) == 1)
                refuse(chainFile, "the server's own certificate must stand first, before those that it leads to");
        refuse(keyFile, "the key does not belong to the certificate in " + chainFile.string());
    }
    ERR_clear_error();
    checkTime(chainFile);
}

void Certificate::readChain(const std::filesystem::path& file) {
    const auto text = read(file);
    const auto bio = reader(text, file);
    own_.reset(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
    if (!own_) refuse(file, atEnd() ? "holds no certificate in PEM form" : "is damaged: " + opensslReason());
    issuers_.reset(sk_X509_new_null());
    while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
        if (!sk_X509_push(issuers_.get(), next)) {
            X509_free(next);
            throw std::bad_alloc();
        }
    if (!atEnd()) refuse(file, "is damaged after its first certificate: " + opensslReason());
    ERR_clear_error();
}

void Certificate::readKey(const std::filesystem::path& file) {
    const auto text = read(file);
    if (text.bytes.find("PRIVATE KEY-----") == std::string::npos) refuse(file, "holds no private key in PEM form");
    const auto bio = reader(text, file);
    bool asked = false;
    key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassphrase, &asked));
    if (!key_) {
        if (asked)
            refuse(file, "the key is locked by a passphrase, and nobody is there to type it: it must be stored "
                         "without one");
        refuse(file, "the key is damaged: " + opensslReason());
    }
    if (text.everybodyReads) warnings_.push_back(file.string() + ": everybody on this machine may read the key");
}

void Certificate::checkTime(const std::filesystem::path& file) {
    const auto now = std::chrono::system_clock::now();
    const auto begins = timeOf(X509_get0_notBefore(own_.get()));
    expires_ = timeOf(X509_get0_notAfter(own_.get()));
    if (begins > now)
        warnings_.push_back(file.string() + ": the certificate is valid only from " + day(begins) + " on");
    if (expires_ < now)
        warnings_.push_back(file.string() + ": the certificate expired on " + day(expires_));
    else if (expires_ < now + kSoon)
        warnings_.push_back(file.string() + ": the certificate expires on " + day(expires_));
}

std::string opensslReason() {
    const auto error = ERR_get_error();
    ERR_clear_error();
    const char* text = ERR_reason_error_string(error);
    return text ? text : error ? "OpenSSL error " + std::to_string(error) : "unknown reason";
}

} // namespace talome::http
