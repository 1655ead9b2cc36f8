// Reads a multipart/form-data body (RFC 7578; RFC 2046, 5.1) as it comes, in flat memory, and strictly.
#pragma once

#include "host/http/part_head.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace talome::http {

inline constexpr std::size_t kMaxPreambleBytes = 8192;

struct MultipartLimits {
    std::size_t parts = 100;
    std::size_t fieldBytes = std::size_t{64} * 1024;      ///< of a part that is no file
    std::size_t allFieldBytes = std::size_t{1024} * 1024; ///< of all of them together
};

/// Body bytes go in by feed(), its parts come out as events within that call. Files are as large as they like: their
/// bytes are views into what was fed, in pieces as large as that.
///
/// HttpError 400 for what is malformed, 413 above a limit. After an exception, an event's own included, the parser
/// only throws. Not for several threads at once.
class MultipartParser {
public:
    /// For each part: onPart, any number of onData with at least one byte, onPartEnd.
    class Events {
    public:
        virtual ~Events() = default;
        virtual void onPart(const PartHead&) = 0;
        virtual void onData(std::string_view) = 0;
        virtual void onPartEnd() = 0;
    };

    /// `boundary` as boundaryOf() gives it; `events` must outlive the parser.
    MultipartParser(const std::string& boundary, MultipartLimits limits, Events& events);

    void feed(std::string_view bytes);
    /// The body has ended: HttpError 400 if its parts have not.
    void finish();

private:
    enum class State { preamble, data, boundaryLine, head, epilogue };

    void step(std::string_view& bytes);
    void search(std::string_view& bytes);
    bool resume(std::string_view& bytes);
    bool readLine(std::string_view& bytes);
    bool isLast() const;
    void delimiterFound();
    void endBoundaryLine();
    void beginPart();
    void give(std::string_view data);

    const std::string delimiter_; ///< CR LF, two dashes, boundary
    const MultipartLimits limits_;
    Events& events_;

    State state_ = State::preamble;
    bool failed_ = false;
    /// The bytes [owed_, matched_) of the delimiter have come and are held back: data if it does not go on like that.
    /// At the beginning of the body and of a part's content its CR LF counts as having come before: owed_ is 2.
    std::size_t matched_ = 2, owed_ = 2;
    std::string line_; ///< the one being read, in the boundary line and the head
    std::vector<std::string> head_;
    std::size_t headBytes_ = 0, preambleBytes_ = 0;
    std::size_t parts_ = 0, fieldBytes_ = 0, allFieldBytes_ = 0;
    bool isFile_ = false;
};

} // namespace talome::http
