// The checks of single fields that several kinds of declaration share. Each throws talome::Invalid with where and why.
#pragma once

#include "manifest.hpp"

#include <talome/operations.h>

#include <algorithm>
#include <cstring>

namespace talome::manifest::checks {

inline constexpr std::uint32_t kMaxStruct = 4096; ///< bytes; more is a pointer gone astray

/// The struct as this side knows it: zeros for what the other side lacks, and nothing of what only that side knows.
template <class T> T fit(const T* from, const char* what) {
    if (!from) throw Invalid(what, "is null");
    std::uint32_t size = 0;
    std::memcpy(&size, from, sizeof size);
    if (size < sizeof size || size > kMaxStruct)
        throw Invalid(what, "has the impossible struct_size " + std::to_string(size));
    const auto* raw = reinterpret_cast<const unsigned char*>(from);
    if (size > sizeof(T) && std::any_of(raw + sizeof(T), raw + size, [](unsigned char byte) { return byte != 0; }))
        throw Invalid(what, "uses fields that this host does not know");
    T known{};
    std::memcpy(&known, from, std::min<std::size_t>(size, sizeof(T)));
    return known;
}

std::string orEmpty(const char* text);
std::string nameOf(const char* text, bool (*is)(std::string_view), const char* what);
std::string summaryOf(const char* text, const std::string& where);
std::string permissionOf(const char* text, const std::string& where);
Tier tierOf(std::int32_t tier, const std::string& where);
void requireFunction(bool set, const std::string& where);
/// Pairs "lines=tail,…", each of an input that exists.
std::map<std::string, std::string> renameOf(const char* text, const boost::json::value& input,
                                            const std::string& where);
Route routeOf(const talome_route* given, const boost::json::value& input, const std::string& where);
/// The id of a listener; nothing for null.
std::optional<std::string> listenerOf(const char* text, const std::string& where);

} // namespace talome::manifest::checks
