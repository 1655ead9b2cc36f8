// Forms that browsers and others send, each cut at every position; and what is refused.
#include "host/http/error.hpp"
#include "host/http/multipart.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace talome::http;

namespace {

// Writes down what happens: "[name|filename|type]data." for each part; "-" for no file name.
class Recorder : public MultipartParser::Events {
public:
    void onPart(const PartHead& head) override {
        CHECK(!open_);
        open_ = true;
        text += "[" + head.name + "|" + head.filename.value_or("-") + "|" + head.contentType + "]";
    }
    void onData(std::string_view data) override {
        CHECK(open_);
        CHECK(!data.empty());
        text += data;
        ++pieces;
    }
    void onPartEnd() override {
        CHECK(open_);
        open_ = false;
        text += ".";
    }

    std::string text;
    int pieces = 0;

private:
    bool open_ = false;
};

// What the body gives; "STATUS words" if it is refused.
std::string readPieces(const std::vector<std::string_view>& pieces, MultipartLimits limits = {},
                       const std::string& boundary = "b") {
    Recorder recorder;
    MultipartParser parser(boundary, limits, recorder);
    try {
        for (auto piece : pieces) parser.feed(piece);
        parser.finish();
    } catch (const HttpError& error) {
        CHECK_THROWS_AS(parser.feed("x"), HttpError);
        CHECK_THROWS_AS(parser.finish(), HttpError);
        return std::to_string(error.status) + " " + error.text;
    }
    return recorder.text;
}

std::string read(std::string_view body, MultipartLimits limits = {}) { return readPieces({body}, limits); }

bool refused(std::string_view body, int status = 400) {
    return read(body).compare(0, 4, std::to_string(status) + " ") == 0;
}

// One part with that head (lines with CR LF), and "x" in it.
std::string part(std::string_view head) { return "--b\r\n" + std::string(head) + "\r\nx\r\n--b--\r\n"; }
std::string form(std::string_view parameters) {
    return part("Content-Disposition: form-data" + std::string(parameters) + "\r\n");
}

const std::string kDisposition = "Content-Disposition: form-data; name=\"a\"\r\n";

} // namespace

TEST_CASE("multipart: the same events wherever the body is cut") {
    struct Row {
        std::string body, events;
    };
    const std::string head = "--b\r\n" + kDisposition + "\r\n";
    const std::string file = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x y.txt\"\r\n"
                             "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    const std::vector<Row> rows = {
        {head + "1\r\n--b--\r\n", "[a|-|]1."},
        {head + "1\r\n--b--", "[a|-|]1."},
        {head + "\r\n--b--\r\n", "[a|-|]."},                     // an empty part
        {"--b\r\n" + kDisposition + "\r\n--b--\r\n", "[a|-|]."}, // the same, RFC 2046
        {"--b--\r\n", ""},                                       // an empty form
        {"--b--", ""},                                           //
        {"\r\n--b--\r\n", ""},                                   //
        {"a preamble\r\n--\r\n-- b\r\n" + head + "1\r\n--b--\r\nan epilogue --b\r\n--b", "[a|-|]1."},
        {"--b \t \r\n" + kDisposition + "\r\n1\r\n--b-- \t\r\n", "[a|-|]1."}, // padding
        {"--b \t \r\n" + kDisposition + "\r\n1\r\n--b-- \t", "[a|-|]1."},     //
        {head + "1\r\n" + file + "\r\n\r\n--\r\n-\r-\n--b\r\r\n\n\r\n--c\r\n\r\n--b--\r\n",
         "[a|-|]1.[f|x y.txt|text/plain; charset=utf-8]\r\n\r\n--\r\n-\r-\n--b\r\r\n\n\r\n--c\r\n."},
        {file + std::string("\0\r\0\n\xff\r\n-", 8) + "\r\n" + head + "\r\r\n--b--\r\n",
         "[f|x y.txt|text/plain; charset=utf-8]" + std::string("\0\r\0\n\xff\r\n-", 8) + ".[a|-|]\r."},
        {file + "-b\r\n-b\r\n--\r\n--b--\r\n", "[f|x y.txt|text/plain; charset=utf-8]-b\r\n-b\r\n--."},
    };
    for (const auto& [body, events] : rows) {
        CAPTURE(body);
        CHECK(read(body) == events);
        const std::string_view view = body;
        for (std::size_t i = 0; i <= body.size(); ++i) {
            CHECK(readPieces({view.substr(0, i), view.substr(i)}) == events);
            for (std::size_t j = i; j <= body.size(); ++j)
                if (readPieces({view.substr(0, i), view.substr(i, j - i), view.substr(j)}) != events)
                    FAIL_CHECK(i << " " << j);
        }
        for (std::size_t step = 1; step < 8; ++step) {
            std::vector<std::string_view> pieces;
            for (std::size_t at = 0; at < body.size(); at += step) pieces.push_back(view.substr(at, step));
            CHECK(readPieces(pieces) == events);
        }
    }
}

TEST_CASE("multipart: a body that is cut off is refused, wherever") {
    const std::string body = "--b\r\n" + kDisposition + "\r\n1\r\n--b\r\n" + kDisposition + "\r\n2\r\n--b--";
    for (std::size_t i = 0; i < body.size(); ++i) CHECK_MESSAGE(refused(body.substr(0, i)), i);
    CHECK_FALSE(refused(body));
    CHECK(refused(body + "\r"));
}

TEST_CASE("multipart: large data comes in large pieces") {
    Recorder recorder;
    MultipartParser parser("b", {}, recorder);
    parser.feed("--b\r\nContent-Disposition: form-data; name=f; filename=g\r\n\r\n");
    std::string block(65536, 'x');
    for (std::size_t i = 0; i < block.size(); i += 100) block[i] = '\r';
    for (int i = 0; i < 10; ++i) parser.feed(block);
    CHECK(recorder.pieces == 10);
    parser.feed("\r\n--b--");
    parser.finish();
    CHECK(recorder.text.size() == 10 * block.size() + std::string("[f|g|].").size());
}

TEST_CASE("multipart: names as browsers and others write them") {
    struct Row {
        const char *parameters, *name, *filename;
    };
    const Row rows[] = {
        {"; name=\"a\"", "a", "-"},
        {";name=a", "a", "-"},
        {"; NAME=a;", "a", "-"},
        {"; x=y; name=\"a;b=c\"; filename=\"d\"", "a;b=c", "d"},
        {"; name=a; filename=\"\"", "a", ""},
        {"; name=\"a\"; filename=\"\xc3\xa4 \xe2\x82\xac.txt\"", "a", "\xc3\xa4 \xe2\x82\xac.txt"},
        {"; name=\"a\"; filename=\"../../etc/passwd\"", "a", "../../etc/passwd"},
        {"; name=\"a\"; filename=\"C:\\dir\\x.txt\"", "a", "C:\\dir\\x.txt"},
        {"; name=\"a\"; filename=\"q\\\"uo\\\\te\"", "a", "q\"uo\\te"},
        {"; name=\"a\"; filename=\"q%22uote%0d%2\"", "a", "q\"uote%0d%2"},
        {"; name=\"a\"; filename=100%22", "a", "100%22"},
        {"; name=a; filename*=UTF-8''%e2%82%ac%20rates", "a", "\xe2\x82\xac rates"},
        {"; name=a; filename=\"EURO\"; filename*=utf-8'en'%E2%82%AC", "a", "\xe2\x82\xac"},
        {"; name=a; filename*=utf-8'en'%E2%82%AC; filename=\"EURO\"", "a", "\xe2\x82\xac"},
    };
    for (const auto& [parameters, name, filename] : rows)
        CHECK_MESSAGE(read(form(parameters)) == "[" + std::string(name) + "|" + filename + "|]x.", parameters);
}

TEST_CASE("multipart: names that are refused") {
    for (std::string_view parameters : {"",
                                        ";",
                                        "; name",
                                        "; name=",
                                        "; name=\"a",
                                        "; name=\"a\\\"",
                                        "; name=a b",
                                        "; name=\"a\"b",
                                        "; name=a,b",
                                        "; name =a",
                                        "; name= a",
                                        "; name=a; name=a",
                                        "; name=a; NAME=b",
                                        "; name=a; filename=b; filename=b",
                                        "; name=a;; filename=b",
                                        "; filename=b",
                                        "; name=\"a\x01\"",
                                        "; name=\"a\t\"",
                                        "; name=\"a\x7f\"",
                                        "; name=\"a\xc2\x85\"",
                                        "; name=\"\xff\"",
                                        "; name=\"\xc0\xaf\"",
                                        "; name=\xc3\xa4",
                                        "; name=\"a%0D\"",
                                        "; name=a; filename=\"x%0A\"",
                                        "; name*=UTF-8''a",
                                        "; name=a; filename*0=b",
                                        "; name=a; filename*0*=UTF-8''b",
                                        "; name=a; filename*=b",
                                        "; name=a; filename*=\"UTF-8''b\"",
                                        "; name=a; filename*=ISO-8859-1''b",
                                        "; name=a; filename*=UTF-8''%",
                                        "; name=a; filename*=UTF-8''%ff",
                                        "; name=a; filename*=UTF-8''%00",
                                        "; name=a; filename*=UTF-8''%0a",
                                        "; name=a; filename*=UTF-8''a/b",
                                        "; name=a; filename*=UTF-8'b"})
        CHECK_MESSAGE(refused(form(parameters)), parameters);
    CHECK(refused(form(std::string_view("; name=\"a\0\"", 11))));
    CHECK(refused(part("Content-Disposition: attachment; name=a\r\n")));
    CHECK(refused(part("Content-Disposition: form-datax; name=a\r\n")));
}

TEST_CASE("multipart: the head of a part") {
    for (const auto* more : {"", "Content-Type: text/plain\r\n", "content-transfer-encoding: BINARY\r\n", "X-Y:\r\n",
                             "Content-Transfer-Encoding:7bit \r\nX: \xc3\xa4\r\n"})
        CHECK_MESSAGE(read(part(kDisposition + more)).compare(0, 4, "[a|-") == 0, more);
    for (std::string_view more :
         {"Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: quoted-printable\r\n",
          "Content-Disposition: form-data; name=a\r\n", "X: 1\r\nx: 2\r\n", " folded\r\n", "\tfolded: 1\r\n",
          "X : 1\r\n", ": 1\r\n", "X\r\n", "X: 1\n", "X: 1\r", "X: 1\r1\r\n", "X: \x01\r\n", "X: \xff\r\n",
          "X: \x7f\r\n", "\xc3\xa4: 1\r\n", "Content-Type: a\r\nContent-Type: b\r\n"})
        CHECK_MESSAGE(refused(part(kDisposition + std::string(more))), more);
    CHECK(refused(part("")));
    CHECK(refused(part("Content-Type: text/plain\r\n")));
    CHECK(refused(std::string("--b\r\nX: \0\r\n", 11) + kDisposition + "\r\nx\r\n--b--"));

    std::string many;
    for (int i = 0; i < 15; ++i) many += "X" + std::to_string(i) + ": 1\r\n";
    CHECK_FALSE(refused(part(kDisposition + many)));
    CHECK(refused(part(kDisposition + many + "Y: 1\r\n")));
}

TEST_CASE("multipart: a part's head that does not end") {
    for (const std::string_view endless : {"X: 1\r\n", "a", "\r", "a: b\r\n\r", " "}) {
        Recorder recorder;
        MultipartParser parser("b", {}, recorder);
        parser.feed("--b\r\n" + kDisposition);
        std::size_t fed = 0;
        try {
            for (; fed < 100000; fed += endless.size()) parser.feed(endless);
        } catch (const HttpError& error) {
            CHECK(error.status == 400);
        }
        CHECK_MESSAGE(fed < 8300, endless);
        CHECK(recorder.text.empty());
    }
    CHECK(refused("--b" + std::string(9000, ' ') + "\r\n" + kDisposition + "\r\nx\r\n--b--"));
    CHECK(refused("--b\r\nX: " + std::string(9000, 'a') + "\r\n" + kDisposition + "\r\nx\r\n--b--"));
}

TEST_CASE("multipart: what is no boundary") {
    const std::string begin = "--b\r\n" + kDisposition + "\r\nx";
    CHECK_FALSE(refused(begin + "\r\n--b--"));
    for (const auto* end :
         {"", "\n--b--", "\r--b--", "--b--", "\r\n-b--", "\r\n--bc\r\n--b--", "\r\n--b--c", "\r\n--b--c\r\n",
          "\r\n--b-\r\n--b--", "\r\n--b\n", "\r\n--b--\n", "\r\n--b c\r\n", "\r\n--B--", "\r\n--b-- \r"})
        CHECK_MESSAGE(refused(begin + end), end);
    CHECK(refused(""));
    CHECK(refused("name=a"));
    CHECK(refused("x--b--"));
    CHECK(refused("{\"file\": \"/etc/passwd\"}"));
    CHECK(refused(std::string(9000, 'x') + "\r\n--b--"));
    CHECK_FALSE(refused(std::string(8000, 'x') + "\r\n--b--"));
}

TEST_CASE("multipart: limits") {
    const std::string field = "--b\r\n" + kDisposition + "\r\n12345\r\n";
    const MultipartLimits limits{.parts = 3, .fieldBytes = 5, .allFieldBytes = 12};
    CHECK(read(field + field + "--b--", limits) == "[a|-|]12345.[a|-|]12345.");
    CHECK(read(field + field + field + "--b--", limits) ==
          "413 the fields of the form together are larger than allowed");
    CHECK(read("--b\r\n" + kDisposition + "\r\n123456\r\n--b--", limits) ==
          "413 a field of the form is larger than allowed");
    const std::string file = "--b\r\nContent-Disposition: form-data; name=f; filename=g\r\n\r\n123456789\r\n";
    CHECK(read(file + file + file + "--b--", limits) == "[f|g|]123456789.[f|g|]123456789.[f|g|]123456789.");
    CHECK(read(file + file + file + file + "--b--", limits) == "413 the form has more than 3 parts");
}

TEST_CASE("multipart: an event that throws ends it") {
    struct : MultipartParser::Events {
        void onPart(const PartHead&) override { throw HttpError(403, "no"); }
        void onData(std::string_view) override {}
        void onPartEnd() override {}
    } events;
    MultipartParser parser("b", {}, events);
    CHECK_THROWS_WITH_AS(parser.feed("--b\r\n" + kDisposition + "\r\nx\r\n--b--"), "no", HttpError);
    CHECK_THROWS_AS(parser.feed("x"), HttpError);
    CHECK_THROWS_AS(parser.finish(), HttpError);
}

TEST_CASE("multipart: the boundary in a Content-Type") {
    struct Row {
        std::string type, boundary;
    };
    const std::string seventy(70, 'a');
    for (const auto& [type, boundary] : std::vector<Row>{
             {"multipart/form-data; boundary=----WebKitFormBoundaryAbC123", "----WebKitFormBoundaryAbC123"},
             {"Multipart/Form-Data;BOUNDARY=\"a b'()+_,-./:=?\"", "a b'()+_,-./:=?"},
             {"multipart/form-data ; charset=utf-8; boundary=x ;", "x"},
             {"multipart/form-data; boundary=----=_Part_1.2", "----=_Part_1.2"},
             {"multipart/form-data; boundary=" + seventy, seventy}})
        CHECK_MESSAGE(boundaryOf(type) == boundary, type);
    for (const auto* type :
         {"", "text/plain", "application/json", "multipart/mixed; boundary=a", "multipart/form-datax",
          "multipart/form-data boundary=a", "multipart/form-data, x; boundary=a", "application/x-www-form-urlencoded"})
        CHECK_MESSAGE(!boundaryOf(type), type);
    for (const std::string& type :
         std::vector<std::string>{"multipart/form-data", "multipart/form-data;", "multipart/form-data; charset=utf-8",
                                  "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
                                  "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=a; boundary=a",
                                  "multipart/form-data; boundary=a b", "multipart/form-data; boundary=\"a \"",
                                  "multipart/form-data; boundary=\"a\\\"b\"", "multipart/form-data; boundary=a!b",
                                  "multipart/form-data; boundary=a\x01", "multipart/form-data; boundary=\xc3\xa4",
                                  "multipart/form-data; boundary =a", "multipart/form-data; boundary=" + seventy + "a"})
        CHECK_THROWS_AS_MESSAGE(boundaryOf(type), HttpError, type);
}
