// Bodies that become files: what is found on disk afterwards, and above all what is not.
#include "host/http/upload.hpp"
#include "host/http/upload_test_disk.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

using namespace talome::http;
using namespace talome::http::testing;

namespace {

constexpr const char* kForm = "multipart/form-data; boundary=b";

std::string field(const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}
std::string file(const std::string& name, const std::string& filename, const std::string& content) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + filename +
           "\"\r\nContent-Type: text/plain\r\n\r\n" + content + "\r\n";
}

UploadWriter::Place into(int directory, std::uint64_t most = 1000000) {
    return [=](const PartHead&, const UploadFields&) { return UploadTarget{directory, most}; };
}

Upload upload(const UploadOptions& options, int directory, std::string_view body, std::size_t step = 1000000) {
    UploadWriter writer(options, into(directory));
    for (; !body.empty(); body.remove_prefix(std::min(step, body.size()))) writer.feed(body.substr(0, step));
    return writer.finish();
}

} // namespace

TEST_CASE("upload: a form gives its fields and its files") {
    const Folder folder;
    const auto body = field("path", "/films") + file("f", "a.txt", "abc") + field("path", "\xc3\xa4") +
                      file("f", "../b", "") + file("empty", "", "") + "--b--\r\n";
    for (const auto kind : {kNameless, kNamed})
        for (const std::size_t step : {1, 7, 100, 10000}) {
            const auto done = upload({.contentType = kForm, .sha256 = true, .kind = kind}, folder.get(), body, step);
            CHECK(done.fields == UploadFields{{"path", "/films"}, {"path", "\xc3\xa4"}});
            REQUIRE(done.files.size() == 2);
            CHECK(done.files[0].part == PartHead{"f", "a.txt", "text/plain"});
            CHECK(contentOf(done.files[0].file) == "abc");
            CHECK(done.files[0].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
            CHECK(done.files[1].part.filename == "../b");
            CHECK(done.files[1].file.size() == 0);
            CHECK(done.files[1].sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
            struct stat about {};
            REQUIRE(::fstat(done.files[0].file.descriptor(), &about) == 0);
            CHECK((about.st_mode & 07777) == 0600);
            CHECK(namesIn(folder.get()).size() == (kind == kNamed ? 2 : 0));
        }
    CHECK(namesIn(folder.get()).empty());
}

TEST_CASE("upload: a place is asked for with what is known before a file") {
    const Folder folder;
    std::vector<std::pair<PartHead, UploadFields>> asked;
    UploadWriter writer({.contentType = kForm}, [&](const PartHead& part, const UploadFields& fields) {
        asked.emplace_back(part, fields);
        return UploadTarget{folder.get()};
    });
    writer.feed(field("a", "1") + file("f", "x", "y") + field("b", "2") + file("g", "z", "") + "--b--");
    writer.finish();
    REQUIRE(asked.size() == 2);
    CHECK(asked[0] == std::pair{PartHead{"f", "x", "text/plain"}, UploadFields{{"a", "1"}}});
    CHECK(asked[1] == std::pair{PartHead{"g", "z", "text/plain"}, UploadFields{{"a", "1"}, {"b", "2"}}});
}

TEST_CASE("upload: any other body is one file, whatever it says") {
    const Folder folder;
    const std::string json = R"({"files": [{"name": "f", "filename": "x", "descriptor": 0, "path": "/etc/shadow"}]})";
    for (const std::string type : {"application/json", "", "text/plain", "multipart/mixed; boundary=b"}) {
        const auto done = upload({.contentType = type, .sha256 = true}, folder.get(), json, 10);
        CHECK(done.fields.empty());
        REQUIRE(done.files.size() == 1);
        CHECK(done.files[0].part == PartHead{"", {}, type});
        CHECK(contentOf(done.files[0].file) == json);
        CHECK(done.files[0].sha256.size() == 64);
        CHECK(upload({.contentType = type}, folder.get(), "").files.at(0).file.size() == 0);
        CHECK(statusOf([&] { UploadWriter({.contentType = type, .formOnly = true}, into(folder.get())); }) == 415);
    }
    // Nor does a field become a file that says that it is one.
    const auto done = upload({.contentType = kForm, .formOnly = true}, folder.get(), field("files", json) + "--b--");
    CHECK(done.files.empty());
    CHECK(statusOf([&] { upload({.contentType = kForm}, folder.get(), json); }) == 400);
}

TEST_CASE("upload: what is refused, and that nothing is left of it") {
    const Folder folder;
    const auto many = file("f", "x", "") + file("f", "x", "");
    struct Row {
        std::string body;
        int status;
    };
    const std::vector<Row> rows = {
        {file("f", "x", "y"), 400},                                       // cut off
        {file("f", "x", "y") + file("f", "x", "y").substr(0, 20), 400},   //
        {file("f", "x", "y") + file("", "x", "y") + "--b--", 400},        // malformed
        {file("f", "x", "y") + field("a", "\xff") + "--b--", 400},        // no UTF-8
        {field("a", std::string(1, '\0')) + "--b--", 400},                //
        {file("f", "", "y") + "--b--", 400},                              // a file without a name
        {file("f", "x", std::string(1000, 'y')) + "--b--", 200},          //
        {file("f", "x", std::string(1001, 'y')) + "--b--", 413},          // too large
        {file("f", "x", "y") + field("a", "12345678901") + "--b--", 413}, //
        {many + "--b--", 200},                                            //
        {many + file("f", "x", "") + "--b--", 413},                       // too many
    };
    const auto before = openDescriptors();
    for (const auto kind : {kNameless, kNamed})
        for (const auto& [body, status] : rows)
            for (const std::size_t step : {1, 9, 100000}) {
                UploadOptions options{.contentType = kForm, .files = 2, .kind = kind};
                options.limits.fieldBytes = 10;
                const auto got = statusOf([&, body = std::string_view(body)]() mutable {
                    UploadWriter writer(options, into(folder.get(), 1000));
                    try {
                        for (; !body.empty(); body.remove_prefix(std::min(step, body.size())))
                            writer.feed(body.substr(0, step));
                        writer.finish();
                    } catch (const HttpError&) {
                        CHECK(statusOf([&] { writer.feed("x"); }) == 400);
                        CHECK(statusOf([&] { writer.finish(); }) == 400);
                        throw;
                    }
                });
                CHECK_MESSAGE(got == status, body);
                CHECK(namesIn(folder.get()).empty());
                CHECK(openDescriptors() == before);
            }
    CHECK(statusOf([&] { UploadWriter({.contentType = "multipart/form-data"}, into(folder.get())); }) == 400);
}

TEST_CASE("upload: left in the middle, or refused by its place") {
    const Folder folder;
    const auto before = openDescriptors();
    for (const auto kind : {kNameless, kNamed}) {
        {
            UploadWriter writer({.contentType = kForm, .kind = kind}, into(folder.get()));
            writer.feed(file("f", "x", "y") + file("g", "x", "and so o"));
            CHECK(namesIn(folder.get()).size() == (kind == kNamed ? 2 : 0));
        }
        {
            UploadWriter writer({.kind = kind}, into(folder.get()));
            writer.feed("abc");
        }
        int asked = 0;
        UploadWriter writer({.contentType = kForm, .kind = kind}, [&](const PartHead&, const UploadFields&) {
            if (++asked == 2) throw HttpError(403, "not there");
            return UploadTarget{folder.get()};
        });
        CHECK(statusOf([&] { writer.feed(file("f", "x", "y") + file("g", "x", "z") + "--b--"); }) == 403);
    }
    CHECK(namesIn(folder.get()).empty());
    CHECK(openDescriptors() == before);
    CHECK(statusOf([&] { upload({}, -1, "x"); }) == 500);
    const Descriptor noFolder(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(statusOf([&] { upload({}, noFolder.get(), "x"); }) == 404);
}

TEST_CASE("upload: a declared length that cannot be is refused before it comes") {
    const Folder folder;
    const auto start = [&](const std::string& type, std::uint64_t length) {
        return statusOf([&] {
            UploadWriter writer({.contentType = type, .contentLength = length}, into(folder.get(), 1000));
            writer.feed(file("f", "x", ""));
        });
    };
    CHECK(start("", 1000) == 200);
    CHECK(start("", 1001) == 413);
    CHECK(start(kForm, 1001) == 200);
    CHECK(start(kForm, std::uint64_t{1} << 60) == 507);
}

TEST_CASE("upload: a full disk (where one can be made: as root)" * doctest::skip(noDisks())) {
    const auto before = openDescriptors();
    {
        const auto disk = smallDisk("256k");
        const std::string large(300000, 'x'), half(150000, 'x');
        for (const auto kind : {kNameless, kNamed}) {
            const UploadOptions options{.contentType = kForm, .kind = kind};
            CHECK(statusOf([&] { upload(options, disk.get(), file("f", "x", half) + "--b--", 5000); }) == 200);
            CHECK(statusOf([&] { upload(options, disk.get(), file("f", "x", large) + "--b--", 5000); }) == 507);
            CHECK(statusOf([&] { upload({.kind = kind}, disk.get(), large); }) == 507);
            CHECK(statusOf([&] {
                      upload(options, disk.get(), file("f", "x", half) + file("f", "y", half) + "--b--");
                  }) == 507);
            CHECK(namesIn(disk.get()).empty());
        }
        // All of it is free again, and a length that will not fit is refused at once.
        CHECK(statusOf([&] { UploadWriter({.contentLength = 250000}, into(disk.get())); }) == 200);
        CHECK(statusOf([&] { UploadWriter({.contentLength = 270000}, into(disk.get())); }) == 507);
        const auto readOnly = smallDisk("64k", MOUNT_ATTR_RDONLY);
        CHECK(statusOf([&] { upload({}, readOnly.get(), "x"); }) == 507);
        CHECK(statusOf([&] { upload({.kind = kNamed}, readOnly.get(), "x"); }) == 507);
        const Folder folder;
        auto elsewhere = written(disk.get(), kNameless, "x");
        CHECK(statusOf([&] { elsewhere.link(folder.get(), "x", kFail); }) == 500);
        CHECK(statusOf([&] { elsewhere.link(disk.get(), "x", kFail); }) == 200);
    }
    CHECK(openDescriptors() == before);
}

TEST_CASE("upload: a file that is larger than a file may be") {
    const Folder folder;
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100000, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    CHECK(statusOf([&] { upload({}, folder.get(), std::string(200000, 'x')); }) == 507);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
}

TEST_CASE("upload: linked by whoever holds the result, the rest is gone with it") {
    const Folder folder;
    for (const auto kind : {kNameless, kNamed}) {
        auto done = upload({.contentType = kForm, .kind = kind}, folder.get(),
                           file("f", "a", "1") + file("f", "b", "2") + "--b--");
        done.files[1].file.link(folder.get(), "b", kReplace);
    }
    CHECK(namesIn(folder.get()) == Names{"b"});
}
