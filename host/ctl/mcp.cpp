// talomectl mcp: the Model Context Protocol over standard input and output, for clients that start a program. Each line
// is one message, which goes to the running server; what comes back is printed, and nothing else ever is.
#include "host/ctl/commands.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>

namespace json = boost::json;

namespace talome::ctl {

namespace {

using Poco::Net::HTTPClientSession;
using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

constexpr const char* kPath = "/mcp";
constexpr std::size_t kMostLine = 4u << 20; // bytes of one message
constexpr int kMostAtOnce = 32;             // requests that wait for their answers
constexpr std::string_view kMetaVersion = "io.modelcontextprotocol/protocolVersion";

/// What the bridge must know of a message to pass it on.
struct Line {
    std::string text, method, name;
    std::string version;                ///< of a message of 2026-07-28 and later; empty: of an older one
    std::optional<std::string> id;      ///< JSON; of a request
    std::optional<std::string> cancels; ///< JSON id of the request that it cancels
};

const json::value* at(const json::object& object, std::string_view name, std::string_view inner) {
    const auto* value = object.if_contains(name);
    const auto* members = value ? value->if_object() : nullptr;
    return members ? members->if_contains(inner) : nullptr;
}

Line read(std::string text) {
    const auto value = json::parse(text);
    const auto& message = value.as_object();
    Line line;
    line.text = std::move(text);
    if (const auto* method = message.if_contains("method"); method && method->is_string()) {
        line.method = method->get_string();
        if (const auto* id = message.if_contains("id")) line.id = json::serialize(*id);
    }
    for (const char* key : {"name", "uri"})
        if (const auto* name = at(message, "params", key); name && name->is_string()) line.name = name->get_string();
    if (const auto* meta = at(message, "params", "_meta"); meta && meta->is_object())
        if (const auto* version = meta->get_object().if_contains(kMetaVersion); version && version->is_string())
            line.version = version->get_string();
    if (line.method == "notifications/cancelled")
        if (const auto* id = at(message, "params", "requestId")) line.cancels = json::serialize(*id);
    return line;
}

/// A header's value: texts beyond printable ASCII, and what looks like such a one, in base64.
std::string headerText(const std::string& text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; }) &&
                       !text.starts_with("=?") && !text.starts_with(' ') && !text.ends_with(' ');
    if (plain) return text;
    std::ostringstream encoded;
    Poco::Base64Encoder encoder(encoded);
    encoder.rdbuf()->setLineLength(0);
    encoder << text;
    encoder.close();
    return "=?base64?" + encoded.str() + "?=";
}

class Bridge {
public:
    explicit Bridge(const Client& client) : client_(client) {}

    int run() {
        for (std::string text; std::getline(std::cin, text);) {
            if (!text.empty() && text.back() == '\r') text.pop_back();
            if (text.empty()) continue;
            if (text.size() > kMostLine) {
                fail("null", -32600, "the message is longer than 4 MiB");
                continue;
            }
            try {
                take(read(std::move(text)));
            } catch (const std::exception&) {
                fail("null", -32700, "the line is no JSON-RPC message");
            }
        }
        end();
        return 0;
    }

private:
    using SessionPtr = std::shared_ptr<HTTPClientSession>;

    void take(Line line) {
        if (line.cancels) cancel(*line.cancels);
        if (line.id && line.method == "initialize") {
            const std::lock_guard turn(restart_);
            initialize_ = line;
        }
        // What is no request is short, and the session must be known before anything follows.
        if (!line.id || line.method == "initialize") return send(line);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return running_ < kMostAtOnce; });
        ++running_;
        threads_.emplace_back([this, line = std::move(line)] {
            send(line);
            const std::lock_guard again(mutex_);
            --running_;
            over_.push_back(std::this_thread::get_id());
            changed_.notify_all();
        });
        joinOver();
    }

    /// Under the lock: threads that have said that they are over.
    void joinOver() {
        for (const auto id : over_)
            for (auto it = threads_.begin(); it != threads_.end(); ++it)
                if (it->get_id() == id) {
                    it->join();
                    threads_.erase(it);
                    break;
                }
        over_.clear();
    }

    /// Of the newer revisions: the end of the stream is what cancels.
    void cancel(const std::string& id) {
        const std::lock_guard lock(mutex_);
        const auto it = open_.find(id);
        if (it != open_.end() && it->second.modern) abort(*it->second.session);
    }

    static void abort(HTTPClientSession& session) {
        try {
            session.socket().shutdown();
        } catch (const Poco::Exception&) {
            return; // it is over already
        }
    }

    void send(const Line& line) {
        try {
            const auto session = sessionId();
            if (exchange(line) || line.method == "initialize") return;
            { // The server has been started anew: so is the session, without the client's knowledge.
                const std::lock_guard turn(restart_);
                if (initialize_ && sessionId() == session) exchange(*initialize_, true);
            }
            if (!exchange(line) && line.id) fail(*line.id, -32000, "the session is over");
        } catch (const std::exception& error) {
            if (line.id) fail(*line.id, -32000, error.what());
        }
    }

    /// False: the server does not know the session.
    bool exchange(const Line& line, bool quiet = false) {
        const SessionPtr session = client_.connect();
        HTTPRequest request(HTTPRequest::HTTP_POST, kPath, HTTPRequest::HTTP_1_1);
        client_.prepare(request);
        request.setContentType("application/json");
        request.setContentLength(static_cast<std::streamsize>(line.text.size()));
        request.set("Accept", "application/json, text/event-stream");
        if (line.version.empty()) {
            const std::lock_guard lock(mutex_);
            if (line.method != "initialize" && !sessionId_.empty()) {
                request.set("Mcp-Session-Id", sessionId_);
                request.set("MCP-Protocol-Version", version_);
            }
        } else {
            request.set("MCP-Protocol-Version", line.version);
            request.set("Mcp-Method", line.method);
            if (!line.name.empty()) request.set("Mcp-Name", headerText(line.name));
        }
        const Opened opened(*this, line, session);
        HTTPResponse response;
        session->setTimeout(Poco::Timespan(Client::kAnswerSeconds, 0));
        session->sendRequest(request) << line.text;
        auto& body = session->receiveResponse(response);
        if (response.getStatus() == HTTPResponse::HTTP_NOT_FOUND && request.has("Mcp-Session-Id")) return false;
        if (line.method == "initialize") begin(response);
        if (response.getContentType().starts_with("text/event-stream")) {
            printEvents(body);
            return true;
        }
        std::string text{std::istreambuf_iterator<char>(body), {}};
        if (text.empty()) return true;
        if (line.method == "initialize") learnVersion(text);
        if (quiet) return true;
        if (text.find("\"jsonrpc\"") != text.npos)
            print(text);
        else if (line.id)
            fail(*line.id, -32000, std::to_string(response.getStatus()) + " " + text);
        return true;
    }

    void begin(const HTTPResponse& response) {
        if (!response.has("Mcp-Session-Id")) return;
        {
            const std::lock_guard lock(mutex_);
            sessionId_ = response.get("Mcp-Session-Id");
        }
        if (!listener_.joinable()) listener_ = std::thread([this] { listen(); });
    }

    void learnVersion(const std::string& answer) {
        boost::system::error_code error;
        const auto value = json::parse(answer, error);
        const auto* object = error ? nullptr : value.if_object();
        const auto* version = object ? at(*object, "result", "protocolVersion") : nullptr;
        const std::lock_guard lock(mutex_);
        if (version && version->is_string()) version_ = version->get_string();
    }

    /// What the server says without being asked; again and again, for as long as the client lives.
    void listen() {
        while (!ending()) {
            try {
                const SessionPtr session = client_.connect();
                HTTPRequest request(HTTPRequest::HTTP_GET, kPath, HTTPRequest::HTTP_1_1);
                client_.prepare(request);
                request.set("Accept", "text/event-stream");
                {
                    const std::lock_guard lock(mutex_);
                    request.set("Mcp-Session-Id", sessionId_);
                    request.set("MCP-Protocol-Version", version_);
                    listening_ = session;
                    if (ending_) return;
                }
                HTTPResponse response;
                session->setTimeout(Poco::Timespan(60, 0)); // it has a heartbeat every 15 s
                session->sendRequest(request);
                auto& body = session->receiveResponse(response);
                if (response.getContentType().starts_with("text/event-stream")) printEvents(body);
            } catch (const std::exception&) {
                // The server is away: calls say so, and here it is tried again.
            }
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, std::chrono::seconds(1), [this] { return ending_; });
        }
    }

    std::string sessionId() {
        const std::lock_guard lock(mutex_);
        return sessionId_;
    }

    bool ending() {
        const std::lock_guard lock(mutex_);
        return ending_;
    }

    void printEvents(std::istream& body) {
        std::string data;
        for (std::string line; std::getline(body, line);) {
            if (!line.empty() && line.back() == '\r') line.pop_back();
            if (line.starts_with("data:")) data += line.substr(line.starts_with("data: ") ? 6 : 5);
            if (!line.empty()) continue;
            if (!data.empty()) print(data);
            data.clear();
        }
    }

    void print(std::string text) {
        std::replace(text.begin(), text.end(), '\n', ' '); // within JSON a line break is only a blank
        const std::lock_guard lock(out_);
        std::cout << text << '\n' << std::flush;
    }

    void fail(const std::string& id, int code, const std::string& words) {
        print(R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) + R"(,"message":)" +
              json::serialize(json::value(words)) + "}}");
    }

    /// The client has closed its side: what still runs is answered, what only listens ends.
    void end() {
        std::vector<std::thread> all;
        {
            std::unique_lock lock(mutex_);
            ending_ = true;
            changed_.notify_all();
            if (listening_) abort(*listening_);
            for (auto& [id, each] : open_)
                if (each.method == "subscriptions/listen") abort(*each.session);
            changed_.wait(lock, [this] { return running_ == 0; });
            for (auto& each : threads_) all.push_back(std::move(each));
            threads_.clear();
        }
        for (auto& each : all) each.join();
        if (listener_.joinable()) listener_.join();
        const auto last = sessionId();
        if (last.empty()) return;
        try {
            const auto session = client_.connect();
            HTTPRequest request(HTTPRequest::HTTP_DELETE, kPath, HTTPRequest::HTTP_1_1);
            client_.prepare(request);
            request.set("Mcp-Session-Id", last);
            HTTPResponse response;
            session->setTimeout(Poco::Timespan(5, 0));
            session->sendRequest(request);
            session->receiveResponse(response);
        } catch (const std::exception&) {
            return; // the server forgets it by itself
        }
    }

    struct Open {
        SessionPtr session;
        std::string method;
        bool modern;
    };
    /// Among the open ones, for as long as it lives.
    class Opened {
    public:
        Opened(Bridge& bridge, const Line& line, SessionPtr session) : bridge_(bridge), id_(line.id) {
            if (!id_) return;
            const std::lock_guard lock(bridge_.mutex_);
            bridge_.open_[*id_] = {std::move(session), line.method, !line.version.empty()};
        }
        ~Opened() {
            if (!id_) return;
            const std::lock_guard lock(bridge_.mutex_);
            bridge_.open_.erase(*id_);
        }

    private:
        Bridge& bridge_;
        const std::optional<std::string> id_;
    };

    const Client& client_;
    std::mutex out_;
    std::mutex restart_;             ///< of what follows
    std::optional<Line> initialize_; ///< the client's, for a server that was started anew
    std::mutex mutex_;               ///< of what follows
    std::condition_variable changed_;
    std::string sessionId_, version_ = "2025-11-25";
    std::map<std::string, Open> open_;
    std::deque<std::thread> threads_;
    std::vector<std::thread::id> over_;
    int running_ = 0;
    bool ending_ = false;
    SessionPtr listening_;
    std::thread listener_;
};

} // namespace

int mcp(const Context& context, const Arguments&) { return Bridge(context.client).run(); }

} // namespace talome::ctl
