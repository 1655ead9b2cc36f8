// Content-Disposition of a form's field, the few other fields that a part may have, and the boundary parameter.
#include "host/http/part_head.hpp"

#include "host/http/error.hpp"
#include "host/http/query.hpp"

#include <algorithm>
#include <strings.h>

namespace talome::http {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~"; // RFC 9110, 5.6.2
constexpr std::string_view kBoundaryMarks = "'()+_,-./:=? ";
constexpr std::string_view kUnquotedMarks = "'+_-./:=?";     // no token has / : = ?, but clients leave out the quotes
constexpr std::string_view kExtendedMarks = "!#$&+-.^_`|~%"; // RFC 8187, 3.2.1

[[noreturn]] void refuse(const char* text) { throw HttpError(400, text); }

bool isOf(std::string_view text, std::string_view marks) {
    return std::all_of(text.begin(), text.end(), [marks](char c) {
        return kLetters.find(c) != kLetters.npos || kDigits.find(c) != kDigits.npos || marks.find(c) != marks.npos;
    });
}

bool isToken(std::string_view text) { return !text.empty() && isOf(text, kTokenMarks); }

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool isBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
    while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
    return text;
}

// C0 and DEL, and of valid UTF-8 also C1.
bool holdsControl(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < ' ' || c == 127) return true;
        if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
    }
    return false;
}

struct Parameter {
    std::string_view name;
    std::string_view value; ///< between the quotes, as sent
    bool quoted = false;
};

// `*( OWS ";" OWS name "=" ( token / quoted-string ) )`; each name once. Unquoted values end at a blank or ';'.
class Parameters {
public:
    Parameters(std::string_view text, const char* complaint) : complaint_(complaint) {
        for (text = trim(text); !text.empty(); text = trim(text)) {
            if (text.front() != ';') refuse(complaint_);
            text = trim(text.substr(1));
            if (text.empty()) break; // some clients end with ';'
            add(take(text));
        }
    }

    const Parameter* find(std::string_view name) const {
        for (const auto& parameter : list_)
            if (same(parameter.name, name)) return &parameter;
        return nullptr;
    }
    const std::vector<Parameter>& list() const { return list_; }

private:
    Parameter take(std::string_view& text) const {
        Parameter parameter;
        const auto equals = text.find('=');
        if (equals == text.npos) refuse(complaint_);
        parameter.name = text.substr(0, equals);
        text.remove_prefix(equals + 1);
        parameter.quoted = !text.empty() && text.front() == '"';
        if (parameter.quoted) {
            const auto end = endOfQuoted(text);
            parameter.value = text.substr(1, end - 1);
            text.remove_prefix(end + 1);
        } else {
            parameter.value = text.substr(0, text.find_first_of("; \t"));
            text.remove_prefix(parameter.value.size());
        }
        return parameter;
    }

    std::size_t endOfQuoted(std::string_view text) const {
        for (std::size_t i = 1; i < text.size(); ++i) {
            if (text[i] == '"') return i;
            if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
        }
        refuse(complaint_);
    }

    void add(const Parameter& parameter) {
        if (!isToken(parameter.name) || find(parameter.name)) refuse(complaint_);
        list_.push_back(parameter);
    }

    const char* complaint_;
    std::vector<Parameter> list_;
};

constexpr const char* kBadDisposition = "the Content-Disposition of a part is malformed";
constexpr const char* kBadName = "the name of a part or of its file holds a control character or is not UTF-8";

std::string checked(std::string name) {
    if (!isUtf8(name) || holdsControl(name)) refuse(kBadName);
    return name;
}

std::string unquoted(const Parameter& parameter) {
    auto text = parameter.value;
    if (!parameter.quoted) {
        if (!isToken(text)) refuse(kBadDisposition);
        return std::string(text);
    }
    std::string out;
    while (!text.empty()) {
        const auto two = text.substr(0, 2), three = text.substr(0, 3);
        if (two == "\\\"" || two == "\\\\") {
            out += two.back();
            text.remove_prefix(2);
        } else if (three == "%22") {
            out += '"';
            text.remove_prefix(3);
        } else if (three == "%0D" || three == "%0A") {
            refuse(kBadName);
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return checked(std::move(out));
}

// UTF-8'language'%41... (RFC 8187)
std::string extended(const Parameter& parameter) {
    const auto text = parameter.value;
    const auto first = text.find('\''), second = first == text.npos ? first : text.find('\'', first + 1);
    if (parameter.quoted || second == text.npos || !same(text.substr(0, first), "UTF-8") ||
        !isOf(text.substr(first + 1, second - first - 1), "-") || !isOf(text.substr(second + 1), kExtendedMarks))
        refuse(kBadDisposition);
    auto decoded = percentDecode(text.substr(second + 1));
    if (!decoded) refuse(kBadName);
    return checked(std::move(*decoded));
}

void readDisposition(std::string_view value, PartHead& out) {
    const auto type = value.substr(0, value.find(';'));
    if (!same(trim(type), "form-data")) refuse("a part is not form-data");
    const Parameters parameters(value.substr(type.size()), kBadDisposition);
    // name*, filename*0 and the like (RFC 2231) have no place here, but there are readers that would follow them.
    for (const auto& parameter : parameters.list())
        if (parameter.name.find('*') != parameter.name.npos && !same(parameter.name, "filename*"))
            refuse(kBadDisposition);
    const auto* name = parameters.find("name");
    if (!name || name->value.empty()) refuse("a part has no name");
    out.name = unquoted(*name);
    if (const auto* filename = parameters.find("filename")) out.filename = unquoted(*filename);
    if (const auto* filename = parameters.find("filename*")) out.filename = extended(*filename);
}

void checkEncoding(std::string_view value) {
    for (const auto* known : {"7bit", "8bit", "binary"})
        if (same(value, known)) return;
    refuse("the Content-Transfer-Encoding of a part is not understood");
}

} // namespace

PartHead readPartHead(const std::vector<std::string>& lines) {
    PartHead head;
    std::vector<std::string_view> names;
    bool disposition = false;
    for (const std::string_view line : lines) {
        const auto colon = line.find(':');
        if (line.empty() || colon == line.npos) refuse("a header of a part is malformed");
        const auto name = line.substr(0, colon), value = trim(line.substr(colon + 1));
        if (isBlank(line.front())) refuse("a header of a part is folded over several lines");
        if (!isToken(name)) refuse("a header of a part is malformed");
        if (names.size() == kMaxPartFields) refuse("a part has more than 16 headers");
        if (std::any_of(names.begin(), names.end(), [name](auto known) { return same(known, name); }))
            refuse("a header of a part is repeated");
        names.push_back(name);
        std::string text(value);
        std::replace(text.begin(), text.end(), '\t', ' ');
        if (!isUtf8(text) || holdsControl(text)) refuse("a header of a part holds a control character or is not UTF-8");
        if (same(name, "content-disposition")) {
            readDisposition(value, head);
            disposition = true;
        } else if (same(name, "content-type"))
            head.contentType = std::move(text);
        else if (same(name, "content-transfer-encoding"))
            checkEncoding(value);
    }
    if (!disposition) refuse("a part has no Content-Disposition");
    return head;
}

std::optional<std::string> boundaryOf(std::string_view contentType) {
    contentType = trim(contentType);
    const auto type = contentType.substr(0, contentType.find(';'));
    if (!same(trim(type), "multipart/form-data")) return std::nullopt;
    const Parameters parameters(contentType.substr(type.size()), "the Content-Type is malformed");
    const auto* boundary = parameters.find("boundary");
    if (!boundary || boundary->value.empty()) refuse("multipart/form-data without a boundary");
    const auto value = boundary->value;
    if (value.size() > kMaxBoundaryBytes) refuse("the boundary is longer than 70 characters");
    if (!isOf(value, boundary->quoted ? kBoundaryMarks : kUnquotedMarks) || value.back() == ' ')
        refuse("the boundary holds a character that it must not");
    return std::string(value);
}

} // namespace talome::http
