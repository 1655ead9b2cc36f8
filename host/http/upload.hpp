// Streams the body of a request to disk as it comes: the files of a form, or the whole body as one file.
#pragma once

#include "host/http/multipart.hpp"
#include "host/http/upload_file.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talome::http {

/// Where a file goes.
struct UploadTarget {
    int directory = -1; ///< on whose file system it is written; borrowed until it is, stays open and the caller's
    std::uint64_t maxBytes = std::numeric_limits<std::uint64_t>::max(); ///< of this file
};

/// Name and value of each field of a form, in the order sent. Values are UTF-8 without NUL.
using UploadFields = std::vector<std::pair<std::string, std::string>>;

struct UploadOptions {
    std::string contentType = {};                    ///< of the request
    std::optional<std::uint64_t> contentLength = {}; ///< of the request, if declared
    bool formOnly = false;                           ///< HttpError 415 for a body that is no multipart/form-data
    bool sha256 = false;                             ///< of each file
    std::size_t files = 100;
    MultipartLimits limits = {};
    UploadFile::Kind kind = UploadFile::Kind::nameless;
};

struct UploadedFile {
    PartHead part; ///< as the client says; without name and filename if the body itself is the file
    UploadFile file;
    std::string sha256; ///< hexadecimal, if it was asked for
};

/// What has come, all of it on disk. A file that is not linked is gone with this.
struct Upload {
    UploadFields fields;
    std::vector<UploadedFile> files;
};

/// Body bytes go in by feed(); nothing is kept in memory but the fields of a form. Until finish() has returned, and for
/// each file until UploadFile::link(), there is nothing to be found on disk: destroying the writer undoes all, whatever
/// was thrown.
///
/// A file is made of bytes that came as the body or as a part of it, and in no other way: no field, header or JSON text
/// names, opens or refers to one. A body {"files": [...]} is itself a file with this content (or 415, by formOnly).
///
/// HttpError 400 for a malformed form, 413 above a limit, 507 and others as UploadFile's; after one, only more of them.
/// Not for several threads at once; `place` is called within feed(), or the constructor.
class UploadWriter : private MultipartParser::Events {
public:
    /// Asked once for each file, before its first byte, with the fields that came before it. May throw HttpError.
    using Place = std::function<UploadTarget(const PartHead&, const UploadFields&)>;

    /// Of a body that is no form, `place` is asked now: so a refusal comes before the client sends anything.
    UploadWriter(UploadOptions options, Place place);
    ~UploadWriter() override;

    void feed(std::string_view bytes);
    /// The body has ended. Waits until its files are on disk.
    Upload finish();

private:
    struct Digest;

    void onPart(const PartHead&) override;
    void onData(std::string_view) override;
    void onPartEnd() override;
    void open(const PartHead& part);
    void write(std::string_view bytes);
    void close();
    void checkRoom(const UploadTarget& target, const UploadFile& file) const;

    const UploadOptions options_;
    const Place place_;
    std::optional<MultipartParser> parser_; ///< none: the body is one file
    Upload upload_;
    std::uint64_t maxBytes_ = 0; ///< of the file being written
    std::unique_ptr<Digest> digest_;
    enum class Part { field, file, unchosen } kind_ = Part::field;
    std::uint64_t received_ = 0; ///< by the calls of feed() before this one
    bool failed_ = false;
};

} // namespace talome::http
