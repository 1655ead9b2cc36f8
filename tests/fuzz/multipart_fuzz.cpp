// Reads anything as a multipart/form-data body, cut in several ways, and writes down and reads again what it takes.
//
// The input is a line with the value of a Content-Type, and then the body.
#include "host/http/error.hpp"
#include "host/http/multipart.hpp"
#include "host/http/query.hpp"
#include "tests/fuzz/input.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace talome::http;
using talome::fuzz::require;

constexpr MultipartLimits kLimits{.parts = 5, .fieldBytes = 100, .allFieldBytes = 250};

struct Part {
    PartHead head;
    std::string data;
    bool ended = false;
    bool operator==(const Part&) const = default;
};

struct Outcome {
    std::vector<Part> parts;
    int status = 200;
    std::string words;
};

// Keeps what has come, and checks what must hold of each event by itself.
class Recorder : public MultipartParser::Events {
public:
    void onPart(const PartHead& head) override {
        require(parts.empty() || parts.back().ended);
        require(parts.size() < kLimits.parts);
        require(!head.name.empty() && isName(head.name) && isName(head.filename.value_or("")) &&
                isName(head.contentType));
        parts.push_back({head, {}, false});
    }
    void onData(std::string_view data) override {
        require(!parts.empty() && !parts.back().ended && !data.empty());
        parts.back().data += data;
        std::size_t all = 0;
        for (const auto& part : parts) {
            if (part.head.filename) continue;
            require(part.data.size() <= kLimits.fieldBytes);
            all += part.data.size();
        }
        require(all <= kLimits.allFieldBytes);
    }
    void onPartEnd() override {
        require(!parts.empty() && !parts.back().ended);
        parts.back().ended = true;
    }

    std::vector<Part> parts;

private:
    static bool isName(const std::string& text) {
        return isUtf8(text) &&
               std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
    }
};

// In pieces of at most `most` bytes, of lengths that follow from the body.
Outcome read(const std::string& boundary, std::string_view body, std::size_t most) {
    Recorder recorder;
    Outcome outcome;
    MultipartParser parser(boundary, kLimits, recorder);
    talome::fuzz::Numbers numbers(body);
    try {
        while (!body.empty()) {
            const auto piece = body.substr(0, most == body.npos ? most : 1 + numbers.next(most));
            parser.feed(piece);
            body.remove_prefix(piece.size());
        }
        parser.finish();
    } catch (const HttpError& error) {
        require((error.status == 400 || error.status == 413) && !error.text.empty());
        outcome.status = error.status;
        outcome.words = error.text;
        const auto count = recorder.parts.size();
        try {
            parser.feed("x");
            std::abort(); // it goes on after a refusal
        } catch (const HttpError& again) {
            require(again.status == 400 && recorder.parts.size() == count);
        }
    }
    outcome.parts = std::move(recorder.parts);
    return outcome;
}

// The same, but for data that went out, or not, before a refusal.
void compare(const Outcome& a, const Outcome& b) {
    require(a.status == b.status && a.words == b.words && a.parts.size() == b.parts.size());
    for (std::size_t i = 0; i < a.parts.size(); ++i) {
        if (a.parts[i].ended || b.parts[i].ended) {
            require(a.parts[i] == b.parts[i]);
            continue;
        }
        require(a.status != 200 && i + 1 == a.parts.size() && a.parts[i].head == b.parts[i].head);
        const auto n = std::min(a.parts[i].data.size(), b.parts[i].data.size());
        require(a.parts[i].data.compare(0, n, b.parts[i].data, 0, n) == 0);
    }
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

bool holdsEscape(const std::string& text) {
    return text.find("%22") != text.npos || text.find("%0D") != text.npos || text.find("%0A") != text.npos;
}

// A client that writes the same form gets the same events.
void checkAgain(const std::string& boundary, const std::vector<Part>& parts) {
    std::string body;
    for (const auto& [head, data, ended] : parts) {
        require(ended && data.find("\r\n--" + boundary) == data.npos &&
                data.compare(0, boundary.size() + 2, "--" + boundary) != 0);
        if (holdsEscape(head.name)) return; // only a token can have had it
        body += "--" + boundary + "\r\ncontent-disposition:form-data;name=" + quoted(head.name);
        if (head.filename) body += ";filename*=utf-8''" + percentEncode(*head.filename);
        body += "\r\nContent-Type: " + head.contentType + "\r\n\r\n" + data + "\r\n";
    }
    body += "--" + boundary + "--";
    const auto again = read(boundary, body, std::string_view::npos);
    if (again.words == "the head of a part is larger than 8 KiB") return; // escapes make it longer
    require(again.status == 200 && again.parts == parts);
}

std::optional<std::string> boundaryIn(std::string_view contentType) {
    try {
        return boundaryOf(contentType);
    } catch (const HttpError& error) {
        require(error.status == 400);
        return std::nullopt;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto body = talome::fuzz::textOf(data, size);
    const auto boundary = boundaryIn(talome::fuzz::takeLine(body));
    if (!boundary) return 0;
    require(!boundary->empty() && boundary->size() <= kMaxBoundaryBytes && boundary->back() != ' ');
    for (const unsigned char c : *boundary) require(c >= ' ' && c < 127 && c != '"' && c != '\\' && c != ';');

    const auto whole = read(*boundary, body, body.npos);
    for (const std::size_t most : {1, 3, 40, 1000}) compare(whole, read(*boundary, body, most));
    if (whole.status == 200) checkAgain(*boundary, whole.parts);
    return 0;
}
