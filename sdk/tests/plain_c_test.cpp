// The readers and writers that plugins in plain C are given: every byte of theirs comes from outside.
#include <talome/plain_c.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

talome_bytes bytesOf(std::string_view text) { return {text.data(), text.size()}; }
std::string member(std::string_view object, const char* name) {
    const talome_bytes found = talome_json_member(bytesOf(object), name);
    return found.p ? std::string(static_cast<const char*>(found.p), found.n) : "none";
}
std::string text(std::string_view json, std::size_t size = 64) {
    std::string to(size, 'x');
    return talome_json_text(bytesOf(json), to.data(), size) < 0 ? "refused" : to.c_str();
}
std::string written(const char* given) {
    char space[64];
    talome_buffer buffer{space, 0, sizeof space, 0};
    talome_put_text(talome_buffer_take, &buffer, given);
    return buffer.lost ? "lost" : std::string(space, buffer.n);
}

} // namespace

TEST_CASE("a member is found by its name at the top, and only there") {
    const std::string object = R"({"a":1,"b":{"c":"}","d":[1,{"e":2}]},"e":"x,\"y","f":[],"ab":null})";
    CHECK(member(object, "a") == "1");
    CHECK(member(object, "b") == R"({"c":"}","d":[1,{"e":2}]})");
    CHECK(member(object, "e") == R"("x,\"y")");
    CHECK(member(object, "f") == "[]");
    CHECK(member(object, "ab") == "null");
    CHECK(member(object, "c") == "none");
    CHECK(member(R"({"a":"\"b\":1","b":2})", "b") == "2");
    for (const char* nonsense : {"", "{", "{}", "[]", "{\"", "{\"b", "{\"b\"", "{\"b\":", "{\"b\\", "x", "{\"a\\\":1"})
        CHECK(member(nonsense, "b") == "none");
    for (std::size_t n = 0; n < object.size(); ++n) member(object.substr(0, n), "ab"); // under a sanitizer
}

TEST_CASE("a JSON text is unescaped, or refused") {
    CHECK(text(R"("Ann")") == "Ann");
    CHECK(text(R"("")").empty());
    CHECK(text(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
    CHECK(text(R"("\u00e9 \u20AC \ud83d\ude00")") == "é € 😀");
    CHECK(text("\"é\"") == "é");
    for (const char* wrong :
         {"", "\"", "Ann", "\"Ann", "Ann\"", R"("\)", R"("\x")", R"("\u12")", R"("\u00g0")", R"("\ud83d")",
          R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ude00")", R"("\u0000")", "\"a\nb\"", R"("a\")"})
        CHECK(text(wrong) == "refused");
    CHECK(text(R"("abc")", 4) == "abc");
    CHECK(text(R"("abc")", 3) == "refused");
    CHECK(text(R"("\u20ac")", 3) == "refused");
    CHECK(text(R"("")", 0) == "refused");
}

TEST_CASE("a whole number is read, or refused") {
    std::int64_t value = 0;
    const auto is = [&](std::string_view json, std::int64_t expected) {
        return talome_json_integer(bytesOf(json), &value) == 0 && value == expected;
    };
    CHECK(is("0", 0));
    CHECK(is("-17", -17));
    CHECK(is("9223372036854775807", INT64_MAX));
    for (const char* wrong : {"", "-", "1.5", "1e3", "\"1\"", "9223372036854775808", "99999999999999999999", "null"})
        CHECK(talome_json_integer(bytesOf(wrong), &value) == -1);
}

TEST_CASE("a text is written with quotes and escapes") {
    CHECK(written("") == R"("")");
    CHECK(written("Ann") == R"("Ann")");
    CHECK(written("a\"b\\c\n\x1f") == R"("a\u0022b\u005cc\u000a\u001f")");
    CHECK(written("é") == "\"é\"");
    CHECK(written("twenty characters and twenty more and twenty again") != "lost");
    CHECK(written("\n\n\n\n\n\n\n\n\n\n\n") == "lost");
}
