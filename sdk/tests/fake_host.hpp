// A host in memory that keeps what is declared and lets a test play the host's part.
#pragma once

#include <talome/plugin.hpp>

#include <map>
#include <thread>

/// The part of talome.http, in fake_http.cpp.
extern const talome_http kFakeHttp;

struct FakeHost {
    FakeHost();
    talome_self* self() { return reinterpret_cast<talome_self*>(this); }

    // What the plugin declared.
    std::map<std::string, talome_operation> operations; ///< their lists of routes are gone
    std::string routes;                                 ///< "GET /api/x 200 a=b;"
    std::map<std::string, talome_raw_route> raw;
    std::map<std::string, talome_task> tasks;
    std::map<std::string, talome_upload_route> uploads;
    std::map<std::string, talome_websocket> sockets; ///< their lists of places are gone
    std::map<std::string, std::pair<talome_on_audience, void*>> audiences;
    std::string wire; ///< "listener ws 127.0.0.1 80; place /ws ws; source a.* b;"
    talome_on_event onEvent = nullptr;
    void* onEventUser = nullptr;
    talome_setting_changing changing = nullptr;
    void* changingUser = nullptr;

    // What the test sets and sees.
    std::string missingArea, shortArea;          ///< not offered at all; offered with an older, shorter table
    std::map<std::string, std::string> settings; // key → JSON
    std::vector<std::vector<talome_value>> rows; // what every statement gives
    std::string sql, bound;                      // the last statement, and its values
    std::string transactions;                    // "begin commit "
    std::vector<std::string> log;
    std::string words; // of the last fail()
    std::string published, called;
    talome_status calledStatus = TALOME_OK;
    std::vector<std::string> sent;                  // "text 7 hello", of everything that is done on the wire
    talome_status wireStatus = TALOME_OK;           // what that answers
    std::map<std::uint64_t, talome_stream> streams; // open ones
    std::uint64_t nextStream = 1;
    bool endsAtOnce = false; ///< a stream ends, on the thread `ending`, while it is being opened
    std::thread ending;
    std::map<std::uint64_t, std::pair<talome_ready, void*>> watches;
    std::uint64_t nextWatch = 1;

    /// As the host calls a handler: status, and the answer or the words.
    std::pair<talome_status, std::string> invoke(const std::string& id, std::string_view input);

    std::pair<talome_status, std::string> request(const std::string& id, std::string_view input); ///< of a raw route
    void end(std::uint64_t stream, std::int32_t how);

    const talome_host* host() const { return &table_; }

private:
    talome_host table_;
};

/// An upload that knows its host, as the host's own do.
struct FakeUpload : talome_upload {
    FakeHost* host;
};
