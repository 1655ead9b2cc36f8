// What to answer when a file is asked for.
#include "host/http/file_answer.hpp"

#include "host/http/content_disposition.hpp"
#include "host/http/http_date.hpp"
#include "host/http/media_type.hpp"
#include "host/http/preconditions.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <strings.h>
#include <sys/stat.h>

namespace talome::http {

namespace {

void appendHex(std::string& out, std::uint64_t value) {
    char digits[16];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value, 16).ptr;
    out.append(digits, end);
}

/// Another file, another length or another time gives another tag; so it is strong.
std::string etagOf(const FileFacts& file) {
    std::string tag = "\"";
    appendHex(tag, file.inode);
    tag += '-';
    appendHex(tag, file.size);
    tag += '-';
    appendHex(tag, static_cast<std::uint64_t>(file.modified.tv_sec) * 1'000'000'000 +
                       static_cast<std::uint64_t>(file.modified.tv_nsec));
    return tag += '"';
}

FilePlan refusal(int status, std::string_view words) {
    FilePlan plan;
    plan.status = status;
    plan.error = words;
    return plan;
}

std::string contentRange(const std::string& which, std::uint64_t size) {
    return "bytes " + which + "/" + std::to_string(size);
}

/// A Range that is given twice asks for two, and for two the whole file is sent.
const HeaderField* rangeOf(const RequestHead& head) {
    const auto isRange = [](const HeaderField& field) {
        return field.name.size() == 5 && strncasecmp(field.name.data(), "Range", 5) == 0;
    };
    const auto* field = head.method == "GET" ? head.find("Range") : nullptr;
    return field && std::count_if(head.fields.begin(), head.fields.end(), isRange) == 1 ? field : nullptr;
}

void chooseBytes(const RequestHead& head, const FileFacts& file, const Validators& validators, FilePlan& plan) {
    plan.length = file.size;
    const auto* range = rangeOf(head);
    if (!range || !rangeCounts(head, validators)) return;
    const auto answer = readRange(range->value, file.size);
    if (answer.kind == RangeAnswer::Kind::unsatisfiable) {
        plan = refusal(416, "the range lies outside of the file");
        plan.fields.emplace_back("Content-Range", contentRange("*", file.size));
        plan.fields.emplace_back("Accept-Ranges", "bytes");
    } else if (answer.kind == RangeAnswer::Kind::part) {
        const auto [first, last] = answer.range;
        plan.status = 206;
        plan.offset = first;
        plan.length = last - first + 1;
        plan.fields.emplace_back("Content-Range",
                                 contentRange(std::to_string(first) + "-" + std::to_string(last), file.size));
    }
}

} // namespace

FileFacts FileFacts::of(const struct stat& facts) {
    return {static_cast<std::uint64_t>(std::max<off_t>(facts.st_size, 0)), facts.st_mtim, facts.st_ino};
}

FilePlan planFile(const RequestHead& head, const FileFacts& file, const FileOffer& offer, std::time_t now) {
    if (offer.etag && !isEntityTag(*offer.etag))
        throw std::invalid_argument("'" + *offer.etag + "' is no entity tag: it needs its quotes");
    const auto etag = offer.etag ? *offer.etag : etagOf(file);
    Validators validators{etag, std::nullopt, now};
    // A time to come is not announced (RFC 9110, 8.8.2.1).
    if (offer.lastModified) validators.lastModified = std::min<std::int64_t>(file.modified.tv_sec, now);
    const auto condition = checkConditions(head, validators);
    if (condition == Condition::failed) return refusal(412, "the file is not the one that the request is about");

    const auto type = offer.contentType.empty() ? std::string(mediaTypeOf(offer.fileName)) : offer.contentType;
    const auto content = contentOf(type);
    FilePlan plan;
    plan.fields.emplace_back("ETag", etag);
    if (!offer.cacheControl.empty()) plan.fields.emplace_back("Cache-Control", offer.cacheControl);
    // With a 304 too: a browser keeps the fields of the latest answer, and would take the engine's own policy for it.
    plan.fields.emplace_back("Content-Security-Policy", policyFor(content));
    if (condition == Condition::notModified) {
        plan.status = 304;
        return plan;
    }
    chooseBytes(head, file, validators, plan);
    if (plan.status == 416) return plan;
    plan.sendsBody = head.method != "HEAD";
    plan.contentType = type;
    if (validators.lastModified) plan.fields.emplace_back("Last-Modified", formatHttpDate(*validators.lastModified));
    plan.fields.emplace_back("Accept-Ranges", "bytes");
    const bool attachment = offer.disposition == Disposition::attachment ||
                            (offer.disposition == Disposition::automatic && content == Content::active);
    if (attachment || !offer.fileName.empty())
        plan.fields.emplace_back("Content-Disposition", contentDisposition(attachment, offer.fileName));
    return plan;
}

} // namespace talome::http
