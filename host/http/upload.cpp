// Sorts what the parser finds: fields stay in memory, files go to an UploadFile each, unchosen ones nowhere.
#include "host/http/upload.hpp"

#include "host/http/error.hpp"
#include "host/http/query.hpp"

#include <new>
#include <openssl/evp.h>

namespace talome::http {

struct UploadWriter::Digest {
    Digest() : context(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
        if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    }
    void take(std::string_view bytes) { EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()); }
    std::string end() {
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        EVP_DigestFinal_ex(context.get(), bytes, &size);
        std::string hex;
        for (unsigned i = 0; i < size; ++i) {
            constexpr char kHex[] = "0123456789abcdef";
            hex += {kHex[bytes[i] >> 4], kHex[bytes[i] & 15]};
        }
        return hex;
    }

    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

UploadWriter::UploadWriter(UploadOptions options, Place place)
    : options_(std::move(options)), place_(std::move(place)) {
    if (const auto boundary = boundaryOf(options_.contentType)) {
        auto limits = options_.limits;
        limits.parts += options_.files; // a form may have as many files as allowed, and fields beside them
        parser_.emplace(*boundary, limits, static_cast<MultipartParser::Events&>(*this));
    } else if (options_.formOnly)
        throw HttpError(415, "the body must be multipart/form-data");
    else
        open(PartHead{{}, {}, options_.contentType});
}

UploadWriter::~UploadWriter() = default;

void UploadWriter::feed(std::string_view bytes) {
    if (std::exchange(failed_, true)) throw HttpError(400, "the body was refused before");
    if (parser_)
        parser_->feed(bytes);
    else
        write(bytes);
    received_ += bytes.size();
    failed_ = false;
}

Upload UploadWriter::finish() {
    if (std::exchange(failed_, true)) throw HttpError(400, "the body was refused before");
    if (parser_)
        parser_->finish();
    else
        close();
    for (auto& file : upload_.files) file.file.sync();
    return std::move(upload_);
}

void UploadWriter::onPart(const PartHead& part) {
    if (!part.filename) {
        kind_ = Part::field;
        upload_.fields.emplace_back(part.name, std::string());
    } else if (part.filename->empty()) {
        kind_ = Part::unchosen; // a browser sends this for a file input that was left empty
    } else {
        kind_ = Part::file;
        open(part);
    }
}

void UploadWriter::onData(std::string_view bytes) {
    switch (kind_) {
    case Part::field:
        upload_.fields.back().second += bytes;
        return;
    case Part::file:
        write(bytes);
        return;
    case Part::unchosen:
        throw HttpError(400, "a file has no name");
    }
}

void UploadWriter::onPartEnd() {
    if (kind_ == Part::file) close();
    if (kind_ != Part::field) return;
    const auto& value = upload_.fields.back().second;
    if (!isUtf8(value) || value.find('\0') != value.npos) throw HttpError(400, "a field of the form is not UTF-8 text");
}

void UploadWriter::open(const PartHead& part) {
    if (upload_.files.size() == options_.files)
        throw HttpError(413, "the form has more than " + std::to_string(options_.files) + " files");
    const auto target = place_(part, upload_.fields);
    UploadFile file(target.directory, options_.kind);
    if (upload_.files.empty()) checkRoom(target, file);
    maxBytes_ = target.maxBytes;
    if (options_.sha256) digest_ = std::make_unique<Digest>();
    upload_.files.push_back({part, std::move(file), {}});
}

// What is declared and will not fit is better refused before it has come.
void UploadWriter::checkRoom(const UploadTarget& target, const UploadFile& file) const {
    if (!options_.contentLength || *options_.contentLength <= received_) return;
    const auto left = *options_.contentLength - received_;
    if (!parser_ && left > target.maxBytes) throw HttpError(413, "the file is larger than allowed");
    if (left > file.freeBytes()) throw HttpError(507, "the disk has no room for this upload");
}

void UploadWriter::write(std::string_view bytes) {
    auto& file = upload_.files.back().file;
    if (bytes.size() > maxBytes_ - file.size()) throw HttpError(413, "the file is larger than allowed");
    file.write(bytes);
    if (digest_) digest_->take(bytes);
}

void UploadWriter::close() {
    if (digest_) upload_.files.back().sha256 = std::exchange(digest_, nullptr)->end();
}

} // namespace talome::http
