// The checks of single fields, which the kinds of declarations share. Each throws talome::Invalid that begins with
// `where`.
#pragma once

#include "manifest.hpp"

#include <talome/abi.h>

namespace talome::manifest {

constexpr std::uint32_t kMaxList = 32; ///< routes, tools, places or sources of one declaration

std::string orEmpty(const char* text);
std::string nameOf(const char* text, bool (*is)(std::string_view), const char* what);
std::string summaryOf(const char* text, const std::string& where);
std::string permissionOf(const char* text, const std::string& where);
Tier tierOf(std::int32_t tier, const std::string& where);
void requireFunction(bool set, const std::string& where);
void requireKnown(std::uint32_t flags, std::uint32_t known, const std::string& where);

std::string methodOf(const char* text, const std::string& where);

/// 200 unless said.
int successOf(std::int32_t status, const std::string& where);

/// Pairs "lines=tail,…", each of an input that exists.
std::map<std::string, std::string> renameOf(const char* text, const boost::json::value& input,
                                            const std::string& where);

/// A path of whole literal segments and {name}s, each of an input that exists.
std::string pathOf(const char* text, const Route&, const boost::json::value& input, const std::string& where);

/// The id of a listener; nothing for the server's own port.
std::optional<std::string> listenerOf(const char* text, const std::string& where);

/// A variable of the server's environment; nothing for none.
std::optional<std::string> variableOf(const char* text, const std::string& where);

/// Words between commas: tokens (RFC 9110, 5.6.2), each once.
std::vector<std::string> tokensOf(const char* text, const std::string& where);

} // namespace talome::manifest
