// A plugin with all kinds of routes on the wire, for the tests of each.
#pragma once

#include "fake_host.hpp"

#include <doctest/doctest.h>

namespace wired {

struct Which {
    std::string what;
};
BOOST_DESCRIBE_STRUCT(Which, (), (what))

struct Tick {
    int n = 0;
};
BOOST_DESCRIBE_STRUCT(Tick, (), (n))

struct Filled {
    std::string names;
    std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(Filled, (), (names, bytes))

struct Wired : talome::Plugin {
    explicit Wired(talome::Registry& registry) : host(registry.host()) {
        using talome::Tier;
        registry.listener("ws", "For boxes", "127.0.0.1", 4001).variables("BOX_PORT", "BOX_HOST");
        registry.listener("plain", "For others", "::1", 0);
        registry.topic<Tick>("wired.tick", "A tick", talome::session);
        registry.onAudience("wired.tick", this, &Wired::audience);
        registry.raw("wired.file", "File", talome::admin, Tier::read, "GET", "/api/wired/file", this, &Wired::file)
            .listener("ws");
        registry.raw("wired.follow", "Follows", talome::session, Tier::read, "GET", "/api/wired/follow", this,
                     &Wired::follow);
        registry
            .upload("wired.fill", "Fills", talome::flags("files"), Tier::modify, "PUT", "/api/wired/{what}", this,
                    &Wired::place, &Wired::fill)
            .input("what", "which box", talome::length(1, 9))
            .maxBody(1000)
            .maxFiles(2)
            .sha256()
            .success(201);
        registry.upload("wired.drop", "Drops", talome::admin, Tier::modify, "POST", "/api/wired", this, &Wired::nowhere,
                        &Wired::drop);
        registry.events("wired.stream", "Ticks", talome::session, "/api/wired/ticks")
            .source("wired.tick", "tick")
            .source("other.*")
            .last()
            .replay(60);
        registry
            .websocket("wired.attach", "Attaches", talome::admin, Tier::modify, this, &Wired::open, &Wired::message,
                       &Wired::closed)
            .place("/api/wired/ws")
            .place("/ws", "ws")
            .input("what", "which box", "lid")
            .deflate()
            .firstMessageAuth()
            .protocols({"box.v2", "box.v1"})
            .maxMessage(100)
            .maxQueued(200)
            .onRoom(this, &Wired::room);
        registry
            .websocket("wired.plain", "Plain", talome::session, Tier::read, this, &Wired::openPlain, &Wired::message,
                       &Wired::closedPlain)
            .place("/api/wired/plain");
    }

    void file(talome::Call&, const Which& in, talome::Exchange& exchange) {
        if (in.what == "bare") return exchange.sendFile(3);
        exchange.sendFile(
            4, {.name = in.what, .attachment = true, .contentType = "text/plain", .cacheControl = "private"});
    }
    void follow(talome::Call&, const Which& in, talome::Exchange& exchange) {
        talome::StreamOptions options;
        if (in.what == "own") { // its callbacks hold its handle
            const auto held = std::make_shared<talome::Stream>();
            options.onEnded = [held](talome::Ended) {};
            *held = exchange.openStream("text/plain", std::move(options));
            return;
        }
        options.onEnded = [this, kept = std::make_shared<std::string>(in.what)](talome::Ended how) {
            told += *kept + " ended " + std::to_string(static_cast<int>(how)) + ";";
            if (*kept == "throws") throw std::runtime_error("ended badly");
        };
        if (in.what == "room") options.onRoom = [this] { told += "room;"; };
        options.maxQueued = 9;
        stream = exchange.openStream("text/event-stream", std::move(options));
    }
    talome::UploadTarget place(talome::Call&, const Which& in, const talome::UploadPart& part) {
        if (part.filename == "bad") throw talome::Denied("not this one");
        told += in.what + " " + std::string(part.name) + " " + std::string(part.contentType) + " " +
                std::string(part.field("to").value_or("-")) + ";";
        return {.directory = 5, .maxBytes = 77};
    }
    Filled fill(talome::Call&, const Which& in, talome::Upload& upload) {
        Filled filled{in.what, 0};
        for (const talome::UploadFile& file : upload.files()) {
            file.linkInto(6, file.filename);
            filled.names += "," + std::string(file.filename) + ":" + std::string(file.sha256);
            filled.bytes += file.size;
        }
        if (upload.field("replace")) upload.files()[0].linkInto(6, "x", talome::IfTaken::replace);
        return filled;
    }
    talome::UploadTarget nowhere(talome::Call&, const talome::Nothing&, const talome::UploadPart&) { return {5}; }
    void drop(talome::Call&, const talome::Nothing&, talome::Upload& upload) {
        CHECK(upload.fields().size() == 1);
        CHECK(upload.fields()[0] == std::pair<std::string_view, std::string_view>{"to", "shelf"});
    }

    void open(talome::Call&, const Which& in, talome::WebSocket socket, std::string_view first) {
        if (in.what == "no") throw talome::Conflict("not now");
        socket.sendText(first);
    }
    void message(talome::WebSocket& socket, std::string_view data, bool binary) {
        if (data == "throw") throw std::runtime_error("no message");
        last = socket.send(data, binary);
    }
    void closed(talome::WebSocket socket, talome::Ended how, int code, std::string_view reason) {
        told += std::to_string(socket.number()) + " " + std::to_string(static_cast<int>(how)) + " " +
                std::to_string(code) + " " + std::string(reason) + ";";
    }
    void room(talome::WebSocket socket) { told += "room " + std::to_string(socket.number()) + ";"; }
    void openPlain(talome::Call&, const talome::Nothing&, talome::WebSocket socket) { plain = socket; }
    void closedPlain(talome::WebSocket, int code, std::string_view) {
        if (code == 1006) throw std::runtime_error("lost");
    }
    void audience(std::string_view topic, bool present) { told += std::string(topic) + (present ? " on;" : " off;"); }

    talome::Host host;
    talome::Stream stream;
    talome::WebSocket plain;
    talome::Sent last = talome::Sent::queued;
    std::string told;
};

struct Living {
    FakeHost host;
    talome_plugin plugin = talome::detail::describe<Wired>("wired", "1.0.0", "Is wired.");
    void* instance = nullptr;
    Living() { REQUIRE(plugin.create(host.host(), host.self(), &instance) == TALOME_OK); }
    ~Living() { plugin.destroy(instance); }
    Wired& wired() { return talome::detail::Instance<Wired>::of(instance).plugin; }
    std::string told() { return std::exchange(wired().told, {}); }
    std::vector<std::string> sent() { return std::exchange(host.sent, {}); }
};

using Answer = std::pair<talome_status, std::string>;
using Lines = std::vector<std::string>;

} // namespace wired
