// The revisions of the protocol that are spoken here, and which of the two eras a request belongs to.
#pragma once

#include "protocol/message.hpp"

#include <array>
#include <functional>

namespace talome::mcp {

inline constexpr std::string_view kModern = "2026-07-28", kNewestLegacy = "2025-11-25";
/// The newest first.
inline constexpr std::array<std::string_view, 5> kVersions = {kModern, "2025-11-25", "2025-06-18", "2025-03-26",
                                                              "2024-11-05"};

inline constexpr std::string_view kMetaVersion = "io.modelcontextprotocol/protocolVersion",
                                  kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities",
                                  kMetaServer = "io.modelcontextprotocol/serverInfo",
                                  kMetaLogLevel = "io.modelcontextprotocol/logLevel",
                                  kMetaSubscription = "io.modelcontextprotocol/subscriptionId";

bool isKnown(std::string_view version);
bool isLegacy(std::string_view version);

/// A header of the request; empty if absent.
using Header = std::function<std::string(std::string_view name)>;

/// Whether a message is of the stateless era (2026-07-28), by its `_meta` or by the header.
bool isModern(const Message&, const std::string& versionHeader);
/// What the modern era asks of each POST. Throws RpcError 400: -32602, -32020 or -32022.
void checkModern(const Message&, const Header&);

/// `{"supported": […], "requested": …}`
RpcError unsupportedVersion(const std::string& requested);

/// A header that stands for a text beyond ASCII: "=?base64?…?=" is decoded. Nothing if it is no valid one.
std::optional<std::string> decodedHeader(std::string_view);

} // namespace talome::mcp
