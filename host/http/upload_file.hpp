// A file that is written before it has a name, so that nothing is to be seen of an upload that does not come to its
// end; and how it gets its name.
#pragma once

#include "host/http/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace talome::http {

/// HttpError for whatever the file system refuses: 507 if it is full, a quota is used up, the file is too large for it
/// or it is read-only; 403, 404, 409 or 400 where that says what is wrong; 503 without a free descriptor; 500 for a
/// disk that fails. Not for several threads at once.
class UploadFile {
public:
    /// `named` where the file system knows no file without a name (FAT, NFS, FUSE): it has a random one, which begins
    /// with kTempPrefix, until it gets its own or is destroyed. A `nameless` one becomes that by itself.
    enum class Kind { nameless, named };
    enum class IfExists { fail, replace };

    static constexpr std::string_view kTempPrefix = ".talome-upload-";

    /// With mode 0600. `directory` is a descriptor of a directory (O_PATH will do), needed within this call only.
    explicit UploadFile(int directory, Kind kind = Kind::nameless);
    UploadFile(UploadFile&&) noexcept;
    UploadFile& operator=(UploadFile&&) = delete;
    ~UploadFile();

    void write(std::string_view bytes);
    /// What was written is on disk afterwards, and can be read from the beginning.
    void sync();
    /// Gives it its name, once, in a directory of the same file system; the entry is on disk when this returns.
    ///
    /// 400 for a name that is not one plain component, 409 if it is taken (by a directory, also with `replace`). No
    /// symbolic link is followed, a link of that name is replaced itself. Call sync() before.
    void link(int directory, std::string_view name, IfExists ifExists);

    int descriptor() const { return file_.get(); } ///< open for reading and writing; fchmod() it to change its mode
    std::uint64_t size() const { return size_; }
    Kind kind() const { return tempName_.empty() ? Kind::nameless : Kind::named; }
    /// What this process may still write on its file system, in bytes; 2^64-1 if the file system does not say.
    std::uint64_t freeBytes() const;

private:
    int linkTo(int directory, const char* name) const;
    int renameTo(int directory, const char* name);
    int replace(int directory, const char* name);

    Descriptor file_;
    Descriptor directory_; ///< where tempName_ is
    std::string tempName_; ///< empty: it has none
    std::uint64_t size_ = 0, flushed_ = 0;
    bool linked_ = false;
};

} // namespace talome::http
