// How the other side's certificate is judged. There is no way not to judge it: for a self-signed one its owner says
// which it is.
#include "host/fetch/hop.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace talome::fetch {

namespace {

/// Instead of building a chain: the certificate is the one that was named.
int isPinned(X509_STORE_CTX* store, void* pin) noexcept {
    Fingerprint is{};
    unsigned length = is.size();
    const auto* certificate = X509_STORE_CTX_get0_cert(store);
    const bool same = certificate && X509_digest(certificate, EVP_sha256(), is.data(), &length) == 1 &&
                      CRYPTO_memcmp(is.data(), static_cast<const Fingerprint*>(pin)->data(), is.size()) == 0;
    X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return same ? 1 : 0;
}

CURLcode pinContext(CURL*, void* context, void* pin) noexcept {
    auto* const tls = static_cast<SSL_CTX*>(context);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION); // the pin is not there any more by then
    SSL_CTX_set_cert_verify_callback(tls, isPinned, pin);
    return CURLE_OK;
}

} // namespace

void setTrust(CURL* easy, const Trust& trust, bool foreign) {
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!trust.caFile.empty()) {
        set(easy, CURLOPT_CAINFO, trust.caFile.c_str());
        set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (foreign) return; // neither is meant for another server
    if (!trust.certFile.empty()) {
        set(easy, CURLOPT_SSLCERT, trust.certFile.c_str());
        set(easy, CURLOPT_SSLKEY, trust.keyFile.c_str());
    }
    if (trust.pin) {
        set(easy, CURLOPT_SSL_VERIFYHOST, 0L); // a certificate that is known byte by byte may have any name
        set(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
        set(easy, CURLOPT_SSL_CTX_FUNCTION, &pinContext);
        set(easy, CURLOPT_SSL_CTX_DATA, const_cast<Fingerprint*>(&*trust.pin));
    }
    // libcurl does not tell connections apart by what is above.
    if (!trust.pin && trust.certFile.empty()) return;
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
}

} // namespace talome::fetch
