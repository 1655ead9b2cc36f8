// What clients say, as JSON texts: {"type":"input","data":"ls\r"}. What is none of these is nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace talome::terminal {

struct AuthWords {
    std::string token, sessionId, sessionName;
    int protocol = 1;
    unsigned cols = 0, rows = 0;         ///< 0: not said
    std::optional<std::uint64_t> resume; ///< bytes that it has
};
/// The first message. Nothing if it is another one, or malformed.
std::optional<AuthWords> readAuth(std::string_view text);

enum class WordKind { none, input, resize, ping, ack, resume };
struct ClientWord {
    WordKind kind = WordKind::none;
    std::string data;
    unsigned cols = 0, rows = 0; ///< held to 2…500 and 1…200
    std::uint64_t sequence = 0;
};
ClientWord readClientWord(std::string_view text);

} // namespace talome::terminal
