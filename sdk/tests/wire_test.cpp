// Declarations of the wire, uploads, WebSockets and audiences of the C++ layer, seen from the host's side of the ABI.
#include "wired.hpp"

using namespace wired;
using talome::Sent;

namespace {

/// An upload of two files and one field.
struct Uploading {
    talome_pair field{talome::str("to"), talome::str("shelf")};
    talome_upload_file a{sizeof a,         8, talome::str("f"), talome::str("a.txt"), talome::str("text/plain"), 10,
                         talome::str("aa")};
    talome_upload_file b{sizeof b, 9, talome::str("f"), talome::str("b.txt"), talome::str("text/plain"), 20, {}};
    const talome_upload_file* files[2] = {&a, &b};
    FakeUpload upload{};
    explicit Uploading(FakeHost& host) {
        static_cast<talome_upload&>(upload) = {sizeof(talome_upload), 2, 1, 0, files, &field};
        upload.host = &host;
    }
    Answer done(FakeHost& host, const std::string& id, std::string_view input) {
        const auto& route = host.uploads.at(id);
        talome::detail::Collected answer;
        const auto status =
            route.done(route.user, nullptr, talome::bytes(input), &upload, &talome::detail::Collected::take, &answer);
        return {status, status < 0 ? host.words : answer.text};
    }
};

} // namespace

TEST_CASE("declarations of the wire reach the host as said") {
    Living a;
    CHECK(a.host.wire == "listener ws 127.0.0.1 4001 BOX_PORT BOX_HOST;listener plain ::1 0 - -;"
                         "events wired.stream session /api/wired/ticks 1 60 wired.tick=tick other.*=-;"
                         "place /api/wired/ws -;place /ws ws;place /api/wired/plain -;");
    CHECK(std::string_view(a.host.raw.at("wired.file").listener) == "ws");
    CHECK((a.host.raw.at("wired.follow").listener == nullptr));

    const auto& upload = a.host.uploads.at("wired.fill");
    CHECK(std::string_view(upload.permission) == "files");
    CHECK(std::string_view(upload.method) == "PUT");
    CHECK(upload.flags == TALOME_UPLOAD_SHA256);
    CHECK(upload.tier == TALOME_TIER_MODIFY);
    CHECK(upload.success == 201);
    CHECK(upload.max_body == 1000);
    CHECK(upload.max_files == 2);
    CHECK(std::string_view(upload.input_schema).find(R"("maxLength":9)") != std::string_view::npos);
    CHECK(std::string_view(upload.output_schema) == talome::schema<Filled>(false));
    CHECK(std::string_view(a.host.uploads.at("wired.drop").output_schema).find("\"ok\"") != std::string_view::npos);

    const auto& socket = a.host.sockets.at("wired.attach");
    CHECK(socket.flags == (TALOME_WS_DEFLATE | TALOME_WS_FIRST_MESSAGE));
    CHECK(std::string_view(socket.protocols) == "box.v2,box.v1");
    CHECK(socket.max_message == 100);
    CHECK(socket.max_queued == 200);
    CHECK((socket.room != nullptr));
    CHECK(std::string_view(socket.input_schema).find(R"("default":"lid")") != std::string_view::npos);
    CHECK((a.host.sockets.at("wired.plain").protocols == nullptr));
    CHECK((a.host.sockets.at("wired.plain").room == nullptr));
}

TEST_CASE("an upload is placed, and its files are given their names") {
    Living a;
    const auto& route = a.host.uploads.at("wired.fill");
    const talome_pair field{talome::str("to"), talome::str("shelf")};
    talome_upload_part part{sizeof part, 1, talome::str("f"), talome::str("a.txt"), talome::str("text/plain"), &field};
    talome_upload_target target{sizeof target, -1, 0};
    const auto input = talome::bytes(R"({"what":"lid"})");
    CHECK(route.place(route.user, nullptr, input, &part, &target) == TALOME_OK);
    CHECK(target.directory == 5);
    CHECK(target.max_bytes == 77);
    part.n_fields = 0;
    CHECK(route.place(route.user, nullptr, input, &part, &target) == TALOME_OK);
    CHECK(a.told() == "lid f text/plain shelf;lid f text/plain -;");
    part.filename = talome::str("bad");
    CHECK(route.place(route.user, nullptr, input, &part, &target) == TALOME_E_DENIED);
    CHECK(a.host.words == "not this one");
    CHECK(route.place(route.user, nullptr, talome::bytes("{}"), &part, &target) == TALOME_E_INVALID);

    Uploading uploading(a.host);
    CHECK(uploading.done(a.host, "wired.fill", R"({"what":"lid"})") ==
          Answer{0, R"({"names":"lid,a.txt:aa,b.txt:","bytes":30})"});
    CHECK(a.sent() == Lines{"link 0 6 a.txt 0", "link 1 6 b.txt 0"});
    uploading.field.name = talome::str("replace");
    uploading.done(a.host, "wired.fill", R"({"what":"lid"})");
    CHECK(a.sent().back() == "link 0 6 x 1");
    a.host.wireStatus = TALOME_E_CONFLICT;
    CHECK(uploading.done(a.host, "wired.fill", R"({"what":"lid"})") == Answer{TALOME_E_CONFLICT, "the wire says no"});
    CHECK(Uploading(a.host).done(a.host, "wired.drop", "{}") == Answer{0, R"({"ok":true})"});
}

TEST_CASE("a WebSocket's callbacks arrive decoded, and its clients are answered") {
    Living a;
    const auto& socket = a.host.sockets.at("wired.attach");
    const auto open = [&](std::string_view input) {
        return socket.open(socket.user, nullptr, talome::bytes(input), talome::bytes("hello"), 7);
    };
    CHECK(open(R"({"what":"lid"})") == TALOME_OK);
    CHECK(open(R"({"what":"no"})") == TALOME_E_CONFLICT);
    CHECK(a.host.words == "not now");
    CHECK(open("{}") == TALOME_E_INVALID);
    CHECK(a.host.words == "what: is required");
    socket.message(socket.user, 7, TALOME_WS_TEXT, talome::bytes("hi"));
    socket.message(socket.user, 7, TALOME_WS_BINARY, talome::bytes(""));
    CHECK(a.wired().last == Sent::queued);
    CHECK(a.sent() == Lines{"text 7 hello", "text 7 hi", "binary 7 "});
    a.host.wireStatus = TALOME_E_LIMITED;
    socket.message(socket.user, 7, TALOME_WS_TEXT, talome::bytes("hi"));
    CHECK(a.wired().last == Sent::full);
    a.host.wireStatus = TALOME_OK;
    socket.room(socket.user, 7);
    socket.closed(socket.user, 7, TALOME_ENDED_BY_CLIENT, 4000, talome::str("bye"));
    CHECK(a.told() == "room 7;7 1 4000 bye;");
    CHECK(a.host.log.empty());
}

TEST_CASE("what a WebSocket's callbacks throw is logged") {
    Living a;
    const auto& socket = a.host.sockets.at("wired.plain");
    socket.message(socket.user, 1, TALOME_WS_TEXT, talome::bytes("throw"));
    a.host.wireStatus = TALOME_E_INVALID;
    socket.message(socket.user, 1, TALOME_WS_TEXT, talome::bytes("\xff"));
    socket.closed(socket.user, 1, TALOME_ENDED_BY_CLIENT, 1006, {});
    CHECK(a.host.log == Lines{"no message", "the wire says no", "lost"});
}

TEST_CASE("a WebSocket is a number that may be kept") {
    Living a;
    const auto& route = a.host.sockets.at("wired.plain");
    CHECK(route.open(route.user, nullptr, talome::bytes("{}"), {}, 3) == TALOME_OK);
    const talome::WebSocket socket = a.wired().plain;
    CHECK(socket.number() == 3);
    CHECK(socket.sendBinary("b") == Sent::queued);
    socket.pause();
    socket.resume();
    CHECK(socket.queued() == 17);
    socket.close(4001, "enough");
    socket.close();
    CHECK(a.sent() == Lines{"binary 3 b", "pause 3 1", "pause 3 0", "ws_close 3 4001 enough", "ws_close 3 1000 "});
    a.host.wireStatus = TALOME_E_GONE;
    CHECK(socket.sendText("late") == Sent::gone);
    CHECK_FALSE(socket.queued());
    CHECK(socket == talome::WebSocket(socket));
    CHECK(talome::WebSocket() < socket);
}

TEST_CASE("events to fewer, and who listens") {
    Living a;
    a.wired().host.publishTo("wired.tick", Tick{3}, talome::userAudience("u1"));
    CHECK(a.host.published == R"(wired.tick {"n":3} to user:u1)");
    const auto [on, user] = a.host.audiences.at("wired.tick");
    on(user, talome::str("wired.tick"), 1);
    on(user, talome::str("wired.tick"), 0);
    CHECK(a.told() == "wired.tick on;wired.tick off;");
}
