// What a registry answers to who does not say who they are: WWW-Authenticate, RFC 9110 11.6.1. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace talome::docker {

struct AuthChallenge {
    std::string scheme; // in small letters: "bearer", "basic"
    std::map<std::string, std::string> parameters;
};

// The first challenge; nothing if the text is none.
std::optional<AuthChallenge> parseChallenge(std::string_view text);

// How long a rate limit lasts: "100;w=21600" → 21600; 0 if it does not say.
long windowSeconds(std::string_view limit);

} // namespace talome::docker
