// The certificate chain and the private key that an owner puts into two PEM files (RFC 7468), read and checked, with
// what is wrong said so that the owner can mend it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <openssl/types.h>
#include <string>
#include <vector>

struct stack_st_X509; // OpenSSL's STACK_OF(X509)

namespace talome::http {

/// A value. The files are read once, when it is made.
class Certificate {
public:
    /// `chainFile`: the server's own certificate first, then those that lead to the one that clients know. It may hold
    /// the key too. Throws std::runtime_error with the file and the reason.
    Certificate(const std::filesystem::path& chainFile, const std::filesystem::path& keyFile);

    struct Free {
        void operator()(X509* certificate) const;
        void operator()(EVP_PKEY* key) const;
        void operator()(stack_st_X509* chain) const;
    };
    X509* own() const { return own_.get(); }
    stack_st_X509* issuers() const { return issuers_.get(); }
    EVP_PKEY* key() const { return key_.get(); }

    std::chrono::system_clock::time_point expires() const { return expires_; }
    /// What does not stop it from being used and is still wrong: expired or soon to be, not yet valid, a key that
    /// everybody may read.
    const std::vector<std::string>& warnings() const { return warnings_; }

private:
    void readChain(const std::filesystem::path& file);
    void readKey(const std::filesystem::path& file);
    void checkTime(const std::filesystem::path& file);

    std::unique_ptr<X509, Free> own_;
    std::unique_ptr<stack_st_X509, Free> issuers_;
    std::unique_ptr<EVP_PKEY, Free> key_;
    std::chrono::system_clock::time_point expires_{};
    std::vector<std::string> warnings_;
};

/// The oldest error that OpenSSL noted for this thread, in its words; forgets all of them.
std::string opensslReason();

} // namespace talome::http
