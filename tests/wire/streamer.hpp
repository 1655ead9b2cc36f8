// Inputs and answers of the plugin streamer.
#pragma once

#include <talome/plugin.hpp>

struct Tick {
    std::int64_t sentNs, n;
    std::optional<std::string> text;
};
BOOST_DESCRIBE_STRUCT(Tick, (), (sentNs, n, text))

struct Publish {
    std::int64_t count;
    std::optional<std::string> text;
};
BOOST_DESCRIBE_STRUCT(Publish, (), (count, text))

struct Clock {
    std::int64_t periodMs;
};
BOOST_DESCRIBE_STRUCT(Clock, (), (periodMs))

struct Whisper {
    std::string userId, text;
};
BOOST_DESCRIBE_STRUCT(Whisper, (), (userId, text))

struct FileQuery {
    std::string path;
    std::optional<std::string> name, contentType;
    bool attachment;
};
BOOST_DESCRIBE_STRUCT(FileQuery, (), (path, name, contentType, attachment))

struct UploadQuery {
    std::string dir;
    bool replace;
    std::uint64_t maxBytes;
};
BOOST_DESCRIBE_STRUCT(UploadQuery, (), (dir, replace, maxBytes))

struct UploadedFile {
    std::string name, filename, contentType, sha256;
    std::uint64_t size;
};
BOOST_DESCRIBE_STRUCT(UploadedFile, (), (name, filename, contentType, sha256, size))

struct Uploaded {
    std::vector<UploadedFile> files;
    std::map<std::string, std::string> fields;
};
BOOST_DESCRIBE_STRUCT(Uploaded, (), (files, fields))

struct Bytes {
    std::uint64_t bytes;
};
BOOST_DESCRIBE_STRUCT(Bytes, (), (bytes))

struct Wait {
    std::int64_t ms;
};
BOOST_DESCRIBE_STRUCT(Wait, (), (ms))

struct Small {
    std::string name;
    std::int64_t count;
    bool ok;
};
BOOST_DESCRIBE_STRUCT(Small, (), (name, count, ok))

/// What is open, and how the last ones ended.
struct State {
    std::size_t sockets, followers;
    bool audience;
    std::vector<std::string> ended;
};
BOOST_DESCRIBE_STRUCT(State, (), (sockets, followers, audience, ended))
