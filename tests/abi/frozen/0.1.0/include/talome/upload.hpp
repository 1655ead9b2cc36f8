// What has been uploaded: files on disk that have no name yet, and the fields of the form.
#pragma once

#include "areas.hpp"

#include <optional>
#include <span>
#include <vector>

namespace talome {

/// Of a form, in the order in which they came.
class FormFields {
public:
    FormFields(const talome_pair* pairs, std::uint32_t n) : pairs_(pairs, n) {}
    /// The first of that name.
    std::optional<std::string_view> get(std::string_view name) const {
        for (const talome_pair& pair : pairs_)
            if (view(pair.name) == name) return view(pair.value);
        return std::nullopt;
    }
    std::size_t size() const { return pairs_.size(); }
    std::pair<std::string_view, std::string_view> operator[](std::size_t i) const {
        return {view(pairs_[i].name), view(pairs_[i].value)};
    }

private:
    std::span<const talome_pair> pairs_;
};

/// A file that is about to come.
struct UploadPart {
    explicit UploadPart(const talome_upload_part& c)
        : name(view(c.name)), filename(view(c.filename)), contentType(view(c.content_type)),
          fields(c.fields, c.n_fields) {}
    std::string_view name;     ///< of the form's field; empty: the body itself is the file
    std::string_view filename; ///< as the client says it, not to be trusted; may be empty
    std::string_view contentType;
    FormFields fields; ///< as far as they came before this file
    std::optional<std::string_view> field(std::string_view of) const { return fields.get(of); }
};

/// Where it goes.
struct UploadTarget {
    int directory;              ///< on whose file system it is written; stays the plugin's, and open
    std::uint64_t maxBytes = 0; ///< 0: the route's
};

enum class IfTaken { refuse, replace };

/// Valid until the handler returns, as everything of an Upload.
class UploadFile {
public:
    UploadFile(const detail::Areas& areas, const talome_upload& upload, std::uint32_t index)
        : name(view(upload.files[index]->name)), filename(view(upload.files[index]->filename)),
          contentType(view(upload.files[index]->content_type)), sha256(view(upload.files[index]->sha256)),
          size(upload.files[index]->size), fd(upload.files[index]->fd), areas_(&areas), upload_(&upload),
          index_(index) {}

    std::string_view name, filename, contentType; ///< as of an UploadPart
    std::string_view sha256;                      ///< hexadecimal; empty unless the route has sha256()
    std::uint64_t size;
    int fd; ///< readable

    /// Gives it a name, without following anything out of the directory; on disk when this returns. Throws Conflict if
    /// the name is taken. A file that is given none is gone when the handler returns.
    void linkInto(int directory, std::string_view as, IfTaken ifTaken = IfTaken::refuse) const {
        const std::uint32_t flags = ifTaken == IfTaken::replace ? std::uint32_t{TALOME_LINK_REPLACE} : 0u;
        areas_->check(areas_->get<talome_http>()->link(upload_, index_, directory, str(as), flags));
    }

private:
    const detail::Areas* areas_;
    const talome_upload* upload_;
    std::uint32_t index_;
};

/// A whole upload, on disk.
class Upload {
public:
    Upload(const detail::Areas& areas, const talome_upload& c) : fields_(c.fields, c.n_fields) {
        files_.reserve(c.n_files);
        for (std::uint32_t i = 0; i < c.n_files; ++i) files_.emplace_back(areas, c, i);
    }
    const std::vector<UploadFile>& files() const { return files_; }
    const FormFields& fields() const { return fields_; }
    std::optional<std::string_view> field(std::string_view name) const { return fields_.get(name); }

private:
    FormFields fields_;
    std::vector<UploadFile> files_;
};

} // namespace talome
