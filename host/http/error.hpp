// What the engine and its parts throw: a failure that has an HTTP status, and a client that has left.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace talome::http {

/// Thrown before the head of the answer is out, it becomes the answer: `status` with {"error": text} and `headers`.
struct HttpError : std::exception {
    HttpError(int status, std::string text, std::vector<std::pair<std::string, std::string>> headers = {})
        : status(status), text(std::move(text)), headers(std::move(headers)) {}
    const char* what() const noexcept override { return text.c_str(); }

    int status;
    std::string text;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// The connection broke, or the client stopped reading: nothing more can be answered.
struct ClientGone : std::exception {
    const char* what() const noexcept override { return "the client has left"; }
};

} // namespace talome::http
