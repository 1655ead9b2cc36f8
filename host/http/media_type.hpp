// The media type of a file by the ending of its name, and what a browser may do with an answer of a type.
#pragma once

#include <string_view>

namespace talome::http {

inline constexpr std::string_view kUnknownType = "application/octet-stream";

/// By what follows the last dot, whatever its case; kUnknownType if that is not known. Static text.
std::string_view mediaTypeOf(std::string_view fileName);

/// What a browser does with content of a type that it is told to show.
enum class Content {
    passive,  ///< shows it, or plays it
    document, ///< PDF: its scripts run in the browser's viewer, which is not of this server's origin
    active    ///< could run scripts with the rights of this server's origin: HTML, SVG, XML, …
};

/// `type` is a Content-Type field. What does not parse as one type is active: browsers guess then.
Content contentOf(std::string_view type);

inline bool isActive(std::string_view type) { return contentOf(type) != Content::passive; }

/// The Content-Security-Policy with which somebody's file of that content is shown. None of them lets a script run.
std::string_view policyFor(Content);

} // namespace talome::http
