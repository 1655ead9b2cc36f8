// The head of a request as a plugin may set it, and the head of an answer, read strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::fetch {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What is wrong with a request's field: how the request is framed and to whom it goes is not the plugin's to say.
/// Throws talome::Invalid.
void checkRequestField(std::string_view name, std::string_view value);
/// A method of RFC 9110 syntax that does not turn the connection into something else. Throws talome::Invalid.
void checkMethod(std::string_view method);

/// What still goes to another origin after a redirect: a key may stand in a header of any name, so that only those are
/// kept that are known to hold none.
bool survivesOrigin(std::string_view name);

bool sameName(std::string_view one, std::string_view other); ///< whatever their case

/// The head that counts of an answer, line by line: heads of 1xx before it are skipped, what follows it are trailers.
/// Throws talome::BadUpstream.
class AnswerHead {
public:
    /// With its line end. True when the head is complete with this line.
    bool add(std::string_view line);

    bool complete() const { return complete_; }
    int status() const { return status_; }
    const Fields& fields() const { return fields_; }
    Fields takeFields() { return std::move(fields_); }
    /// The first of that name; null if there is none.
    const std::string* find(std::string_view name) const;
    bool chunked() const { return find("Transfer-Encoding") != nullptr; }
    std::optional<std::uint64_t> contentLength() const;
    void remove(std::string_view name);

private:
    void readStatus(std::string_view line);
    void readField(std::string_view line);
    void check() const;

    int status_ = 0; ///< 0: its first line has not come
    Fields fields_;
    std::size_t bytes_ = 0;
    bool complete_ = false;
};

} // namespace talome::fetch
