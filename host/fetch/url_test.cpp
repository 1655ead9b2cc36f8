#include "host/fetch/url.hpp"

#include <doctest/doctest.h>
#include <talome/errors.hpp>

using namespace talome::fetch;

namespace {

struct Good {
    const char *text, *means;
};
constexpr Good kGood[] = {
    {"http://example.com", "http://example.com/"},
    {"HTTP://EXAMPLE.com", "http://example.com/"},
    {"https://example.com:443/a", "https://example.com/a"},
    {"http://example.com:80", "http://example.com/"},
    {"http://example.com:443/", "http://example.com:443/"},
    {"http://example.com:00080/", "http://example.com/"},
    {"http://example.com?q=1", "http://example.com/?q=1"},
    {"http://example.com/a?b=c&d=%20e#fragment", "http://example.com/a?b=c&d=%20e"},
    {"http://example.com/#@evil.com/", "http://example.com/"},
    {"http://example.com/?u=http://127.0.0.1/", "http://example.com/?u=http://127.0.0.1/"},
    {"http://example.com/a@b:c", "http://example.com/a@b:c"},
    {"http://nas", "http://nas/"},
    {"http://my_nas.lan:5000/x", "http://my_nas.lan:5000/x"},
    {"http://xn--mnchen-3ya.de/", "http://xn--mnchen-3ya.de/"},
    {"http://1and1.com/", "http://1and1.com/"},
    {"http://0x7f.com/", "http://0x7f.com/"},
    {"http://1.2.3.4/", "http://1.2.3.4/"},
    {"http://255.255.255.255:1/", "http://255.255.255.255:1/"},
    {"http://[::1]/", "http://[::1]/"},
    {"http://[::1]:8080", "http://[::1]:8080/"},
    {"http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"},
    {"http://[2001:DB8::1]/", "http://[2001:db8::1]/"},
    {"http://[::ffff:127.0.0.1]/", "http://[::ffff:127.0.0.1]/"},
    {"http://[::ffff:7f00:1]/", "http://[::ffff:127.0.0.1]/"},
    {"http://localhost/../etc", "http://localhost/../etc"},
};

const char* const kBad[] = {
    "",
    "example.com",
    "//example.com/",
    "/",
    "http:",
    "http:/",
    "http://",
    "http:///",
    "http:///path",
    "http:example.com",
    "http:/example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1/",
    "ldap://127.0.0.1/",
    "ws://example.com/",
    "javascript:alert(1)",
    "data:,x",
    "jar:http://a/",
    "httpx://example.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http ://example.com/",
    "http://example.com/\t",
    "\thttp://example.com/",
    "http://example.com/a b",
    "http://example.com/\r\nHost: evil",
    "http://example.com\r\n.evil.com/",
    "http://exa\nmple.com/",
    // user and password, and what looks like them
    "http://user@example.com/",
    "http://user:pass@example.com/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com%40127.0.0.1/",
    "http://127.0.0.1#@example.com:80@x/\\",
    "http://example.com:80@127.0.0.1/",
    "http://a@b@c/",
    "http://example.com&@127.0.0.1/",
    "http://127.0.0.1:80@[::1]/",
    // backslashes
    "http:\\\\example.com\\",
    "http://example.com\\@127.0.0.1/",
    "http://example.com\\.evil.com/",
    "http://example.com/\\evil",
    "http:/\\example.com/",
    "\\\\example.com\\a",
    // numbers that some readers take for addresses
    "http://127.1/",
    "http://127.0.1/",
    "http://127/",
    "http://0/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://127.0.0.01/",
    "http://127.0.0.1.1/",
    "http://127.0.0.256/",
    "http://1.2.3/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://00.0.0.0/",
    "http://127.000.000.001/",
    "http://0x/",
    "http://0xa/",
    "http://a.0x7f/",
    "http://foo.1/",
    "http://1.2.3.0x4/",
    "http://4294967296/",
    "http://99999999999/",
    "http://127.0.0.-1/",
    "http://+127.0.0.1/",
    // dots
    "http://example.com./",
    "http://127.0.0.1./",
    "http://localhost./",
    "http://.example.com/",
    "http://example..com/",
    "http://./",
    "http://../",
    "http://.../",
    // brackets and zones
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://x[::1]/",
    "http://[[::1]]/",
    "http://[]/",
    "http://[127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fe80::1%1]/",
    "http://[::1]]/",
    "http://[::1]:/",
    "http://[::1]:80:80/",
    "http://[::g]/",
    "http://[1:2:3]/",
    "http://[v1.a]/",
    "http://[::1].example.com/",
    "http://]/",
    "http://[/",
    "http://[::1]@x/",
    // ports
    "http://example.com:/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999/",
    "http://example.com:-1/",
    "http://example.com:+80/",
    "http://example.com: 80/",
    "http://example.com:80x/",
    "http://example.com:0x50/",
    "http://example.com:80:80/",
    "http://example.com:000080/",
    "http://:80/",
    "http://example.com:8%30/",
    // names
    "http://-example.com/",
    "http://example-.com/",
    "http://exa mple.com/",
    "http://exa%6dple.com/",
    "http://%31%32%37.0.0.1/",
    "http://m\xc3\xbcnchen.de/",
    "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/",
    "http://ex\xc2\xad"
    "ample.com/",
    "http://127\xe3\x80\x82"
    "0.0.1/",
    "http://example.com\xef\xbc\x8f@127.0.0.1/",
    "http://exam*ple.com/",
    "http://example,com/",
    "http://example.com;/",
    "http://$(id)/",
    "http://`id`/",
    "http://{a}/",
    "http://a|b/",
    "http://<a>/",
    "http://\"a\"/",
    "http://a'b/",
    "http://a!b/",
    "http://a^b/",
    "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com/",
    // path and query
    "http://example.com/%",
    "http://example.com/%2",
    "http://example.com/%zz",
    "http://example.com/?%0",
    "http://example.com/<>",
    "http://example.com/\"",
    "http://example.com/{a}",
    "http://example.com/a|b",
    "http://example.com/^",
    "http://example.com/`",
    "http://example.com/\xc3\xa9",
    "http://example.com/\x01",
    "http://example.com/\x7f",
    "http://example.com/?a b",
    "http://example.com/[a]",
};

struct Reference {
    const char *base, *reference, *means; ///< null: refused
};
constexpr Reference kReferences[] = {
    {"http://a.com/b/c?d", "", "http://a.com/b/c?d"},
    {"http://a.com/b/c?d", "e", "http://a.com/b/e"},
    {"http://a.com/b/c?d", "./e", "http://a.com/b/e"},
    {"http://a.com/b/c?d", "../e", "http://a.com/e"},
    {"http://a.com/b/c?d", "../../../e", "http://a.com/e"},
    {"http://a.com/b/c?d", "..", "http://a.com/"},
    {"http://a.com/b/c/d", "..", "http://a.com/b/"},
    {"http://a.com/b/c/d", ".", "http://a.com/b/c/"},
    {"http://a.com/b/c?d", "/e/../f", "http://a.com/f"},
    {"http://a.com/b/c?d", "?x=1", "http://a.com/b/c?x=1"},
    {"http://a.com/b/c?d", "#x", "http://a.com/b/c?d"},
    {"http://a.com/b/c?d", "e?f=/../g", "http://a.com/b/e?f=/../g"},
    {"http://a.com/b", "e:f", nullptr}, // a scheme
    {"http://a.com/b", "./e:f", "http://a.com/e:f"},
    {"http://a.com/b", "/a b", "http://a.com/a%20b"},
    {"http://a.com/b", "/\xc3\xa9?\xc3\xa9", "http://a.com/%C3%A9?%C3%A9"},
    {"http://a.com/b", "/100%", "http://a.com/100%25"},
    {"http://a.com/b", "/a|b", "http://a.com/a%7Cb"},
    {"http://a.com/b", "//c.com/d", "http://c.com/d"},
    {"https://a.com/b", "//c.com/d", "https://c.com/d"},
    {"http://a.com/b", "//c.com", "http://c.com/"},
    {"http://a.com:81/b", "/c", "http://a.com:81/c"},
    {"http://a.com:81/b", "http://c.com/d e", "http://c.com/d%20e"},
    {"http://a.com/b", "HTTPS://C.com/d", "https://c.com/d"},
    {"http://a.com/b", "http://169.254.169.254/latest", "http://169.254.169.254/latest"}, // the address is judged later
    {"http://a.com/b", "http:/c.com", nullptr},
    {"http://a.com/b", "http:c", nullptr},
    {"http://a.com/b", "http:///c", nullptr},
    {"http://a.com/b", "///c", nullptr},
    {"http://a.com/b", "////c", nullptr},
    {"http://a.com/b", "/\\c.com", nullptr},
    {"http://a.com/b", "\\\\c.com\\d", nullptr},
    {"http://a.com/b", "//c.com\\@d.com", nullptr},
    {"http://a.com/b", "//user@c.com/", nullptr},
    {"http://a.com/b", "//c.com:/", nullptr},
    {"http://a.com/b", "//127.1/", nullptr},
    {"http://a.com/b", "//c .com/", nullptr},
    {"http://a.com/b", "http://\xc3\xa9.com/", nullptr},
    {"http://a.com/b", "file:///etc/passwd", nullptr},
    {"http://a.com/b", "javascript:alert(1)", nullptr},
    {"http://a.com/b", "gopher://c.com/", nullptr},
    {"http://a.com/b", "/a\r\nb", nullptr},
};

} // namespace

TEST_CASE("fetch: URLs that are understood, and as what") {
    for (const auto& [text, means] : kGood) {
        CAPTURE(text);
        CHECK(parseUrl(text).text() == means);
        CHECK(parseUrl(means).text() == means); // what it is sent as means the same
    }
}

TEST_CASE("fetch: URLs that are refused, in words that repeat nothing of them") {
    for (const std::string text : kBad) {
        CAPTURE(text);
        try {
            const auto taken = parseUrl(text).text(); // not in the message: a doctest message is made lazily, and throws there
            FAIL_CHECK("it was taken for " << taken);
        } catch (const talome::Invalid& wrong) {
            CHECK(wrong.path == "url");
            if (text.size() > 40) CHECK(std::string(wrong.what()).find(text) == std::string::npos);
        }
    }
    const std::string_view nul("http://example.com/\0a", 21);
    CHECK_THROWS_AS(parseUrl(nul), talome::Invalid);
    CHECK_THROWS_AS(parseUrl("http://a.com/" + std::string(9000, 'a')), talome::Invalid);
    std::string name;
    for (int i = 0; i < 64; ++i) name += "abc.";
    CHECK_THROWS_AS(parseUrl("http://" + name + "com/"), talome::Invalid);
}

TEST_CASE("fetch: where a redirect leads") {
    for (const auto& [base, reference, means] : kReferences) {
        CAPTURE(base);
        CAPTURE(reference);
        if (means)
            CHECK(resolveReference(parseUrl(base), reference).text() == means);
        else
            CHECK_THROWS_AS(resolveReference(parseUrl(base), reference), talome::Invalid);
    }
}
