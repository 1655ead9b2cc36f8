// libcurl, loaded when something is fetched for the first time: with what it brings along it takes 4 MB of memory,
// which a server whose plugins fetch nothing does not spend.
#pragma once

#include <curl/curl.h>
#include <stdexcept>

namespace talome::fetch {

/// The functions that are used of it.
struct Curl {
    decltype(&curl_global_init) globalInit;
    decltype(&curl_version_info) versionInfo;
    decltype(&curl_easy_init) easyInit;
    decltype(&curl_easy_setopt) easySet;
    decltype(&curl_easy_getinfo) easyInfo;
    decltype(&curl_easy_perform) easyPerform;
    decltype(&curl_easy_pause) easyPause;
    decltype(&curl_easy_send) easySend;
    decltype(&curl_easy_recv) easyReceive;
    decltype(&curl_easy_cleanup) easyCleanup;
    decltype(&curl_multi_init) multiInit;
    decltype(&curl_multi_setopt) multiSet;
    decltype(&curl_multi_add_handle) multiAdd;
    decltype(&curl_multi_remove_handle) multiRemove;
    decltype(&curl_multi_perform) multiPerform;
    decltype(&curl_multi_poll) multiPoll;
    decltype(&curl_multi_wakeup) multiWakeup;
    decltype(&curl_multi_info_read) multiRead;
    decltype(&curl_multi_cleanup) multiCleanup;
    decltype(&curl_slist_append) listAppend;
    decltype(&curl_slist_free_all) listFree;
};

/// Any thread. Throws talome::Unavailable with words if the library is not there.
const Curl& curl();

struct FreeEasy {
    void operator()(CURL* easy) const { curl().easyCleanup(easy); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl().listFree(list); }
};

/// Sets an option. Throws std::runtime_error: only what is not as this code was written for can be wrong.
template <class T> void set(CURL* easy, CURLoption option, T value) {
    if (curl().easySet(easy, option, value) != CURLE_OK)
        throw std::runtime_error("libcurl does not take option " + std::to_string(option));
}

} // namespace talome::fetch
