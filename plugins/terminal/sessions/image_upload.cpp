// POST /api/terminal/upload: an image for the programs of a shell, which get its path. It is theirs to read: talome-pty
// keeps it in a folder of the user whose shells they are, and removes it after a day.
#include "services.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace talome::terminal {

namespace {

struct UploadAnswer {
    std::optional<std::string> path, error;
};
BOOST_DESCRIBE_STRUCT(UploadAnswer, (), (path, error))

constexpr std::uint64_t kMost = 10u << 20;

struct Image {
    const char* ending;
    std::string_view type, magic;
    std::size_t at;
};
constexpr std::array<Image, 4> kImages = {{{"png", "image/png", "\x89PNG\r\n\x1a\n", 0},
                                           {"jpg", "image/jpeg", "\xff\xd8\xff", 0},
                                           {"gif", "image/gif", "GIF8", 0},
                                           {"webp", "image/webp", "WEBP", 8}}};

/// By its first bytes; null: none that is known.
const Image* imageIn(int fd) {
    char head[16] = {};
    const ssize_t n = ::pread(fd, head, sizeof head, 0);
    const std::string_view bytes(head, n > 0 ? static_cast<std::size_t>(n) : 0);
    for (const Image& each : kImages)
        if (bytes.size() >= each.at + each.magic.size() && bytes.substr(each.at, each.magic.size()) == each.magic)
            return &each;
    return nullptr;
}

bool endsAs(std::string_view filename, std::string_view ending) {
    const auto dot = filename.rfind('.');
    if (dot == filename.npos) return false;
    std::string own(filename.substr(dot + 1));
    for (char& c : own) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return own == ending || (ending == "jpg" && own == "jpeg");
}

class ImageUpload : public Group {
public:
    ImageUpload(Registry& registry, Services& services) : services_(services) {
        registry
            .upload("terminal.upload", "Keeps an image for a day where shells can read it", kShell, Tier::modify,
                    "POST", "/api/terminal/upload", this, &ImageUpload::place, &ImageUpload::uploaded)
            .maxFiles(1)
            .maxBody(kMost + 16384);
    }
    void quiesce() override {}

    UploadTarget place(Call&, const Nothing&, const UploadPart& part) {
        services_.requireEnabled();
        if (part.name != "file") throw Invalid("file", "is the field that is expected");
        return {folder(), kMost};
    }
    UploadAnswer uploaded(Call& call, const Nothing&, Upload& upload) {
        if (upload.files().size() != 1) throw Invalid("file", "is missing");
        const UploadFile& file = upload.files()[0];
        const Image* const image = imageIn(file.fd);
        if (!image || file.contentType != image->type || !endsAs(file.filename, image->ending)) {
            call.status(415);
            return {std::nullopt,
                    "file: expected a PNG, JPEG, WebP or GIF image, whose type and name say the same as its content"};
        }
        return {services_.pty.ask<Text>(Kind::upload, Text{image->ending}, file.fd).text, std::nullopt};
    }

private:
    /// On whose file system an upload is written, nameless, until it is handed on.
    int folder() {
        const std::lock_guard lock(mutex_);
        if (folder_) return folder_.get();
        const std::string path = stateFolder() + "/terminal";
        ::mkdir(path.c_str(), 0700);
        folder_ = Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
        if (!folder_) throw Unavailable(std::string("the terminal's folder cannot be used: ") + std::strerror(errno));
        return folder_.get();
    }
    Services& services_;
    std::mutex mutex_;
    Descriptor folder_;
};

} // namespace

std::unique_ptr<Group> imageUpload(Registry& registry, Services& services) {
    return std::make_unique<ImageUpload>(registry, services);
}

} // namespace talome::terminal
