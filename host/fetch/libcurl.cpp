// libcurl, loaded when something is fetched for the first time.
#include "host/fetch/libcurl.hpp"

#include <dlfcn.h>
#include <string>
#include <talome/errors.hpp>

namespace talome::fetch {

namespace {

constexpr const char* kFile = "libcurl.so.4";

template <class F> void find(void* library, const char* name, F& function) {
    void* const symbol = ::dlsym(library, name);
    if (!symbol) throw Unavailable(std::string(kFile) + " has no " + name);
    function = reinterpret_cast<F>(symbol);
}

/// Never unloaded: its TLS library keeps state in threads.
Curl load() {
    void* const library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        throw Unavailable(std::string("nothing can be fetched: ") + kFile + " (package libcurl4) is not installed");
    Curl curl{};
    find(library, "curl_global_init", curl.globalInit);
    find(library, "curl_version_info", curl.versionInfo);
    find(library, "curl_easy_init", curl.easyInit);
    find(library, "curl_easy_setopt", curl.easySet);
    find(library, "curl_easy_getinfo", curl.easyInfo);
    find(library, "curl_easy_perform", curl.easyPerform);
    find(library, "curl_easy_pause", curl.easyPause);
    find(library, "curl_easy_send", curl.easySend);
    find(library, "curl_easy_recv", curl.easyReceive);
    find(library, "curl_easy_cleanup", curl.easyCleanup);
    find(library, "curl_multi_init", curl.multiInit);
    find(library, "curl_multi_setopt", curl.multiSet);
    find(library, "curl_multi_add_handle", curl.multiAdd);
    find(library, "curl_multi_remove_handle", curl.multiRemove);
    find(library, "curl_multi_perform", curl.multiPerform);
    find(library, "curl_multi_poll", curl.multiPoll);
    find(library, "curl_multi_wakeup", curl.multiWakeup);
    find(library, "curl_multi_info_read", curl.multiRead);
    find(library, "curl_multi_cleanup", curl.multiCleanup);
    find(library, "curl_slist_append", curl.listAppend);
    find(library, "curl_slist_free_all", curl.listFree);
    if (curl.globalInit(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw Unavailable("libcurl does not start");
    // 7.85 for CURLOPT_PROTOCOLS_STR; OpenSSL, because a pinned certificate is compared in its context.
    const auto* version = curl.versionInfo(CURLVERSION_NOW);
    if (version->version_num < 0x075500 || !version->ssl_version ||
        !std::string(version->ssl_version).starts_with("OpenSSL/3"))
        throw Unavailable(std::string("libcurl ") + version->version + " is not 7.85 or newer with OpenSSL 3");
    return curl;
}

} // namespace

const Curl& curl() {
    static const Curl functions = load(); // again at the next call if it throws
    return functions;
}

} // namespace talome::fetch
