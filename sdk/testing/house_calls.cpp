// What a test does with a house: requests, calls, settings, events, rows, and time that passes.
#include "host/auth/secret.hpp"
#include "host/gate/input.hpp"
#include "host/plugins/self.hpp"
#include "sdk/testing/house.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <sqlite3.h>
#include <thread>

namespace json = boost::json;

namespace talome::testing {

namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr int kRequestSeconds = 60;

void collect(void* to, talome_bytes piece) noexcept {
    static_cast<std::string*>(to)->append(static_cast<const char*>(piece.p), piece.n);
}

storage::Value valueOf(const json::value& value) {
    if (value.is_null()) return nullptr;
    if (value.is_bool()) return std::int64_t{value.get_bool()};
    if (value.is_int64()) return value.get_int64();
    if (value.is_double()) return value.get_double();
    if (value.is_string()) return std::string(value.get_string());
    throw std::invalid_argument("a value of a statement is null, a number, a text or a boolean");
}

json::value valueOf(const storage::Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
    if (const auto* real = std::get_if<double>(&value)) return *real;
    if (const auto* text = std::get_if<std::string>(&value)) return json::string(*text);
    if (const auto* blob = std::get_if<storage::Blob>(&value)) return json::string(auth::toHex(blob->bytes));
    return nullptr;
}

gate::Origin originOf(const std::string& name) {
    using gate::Origin;
    for (const auto each : {Origin::rest, Origin::mcp, Origin::chat, Origin::automation, Origin::task, Origin::webhook,
                            Origin::bot, Origin::plugin, Origin::cli, Origin::agent})
        if (gate::nameOf(each) == name) return each;
    throw std::invalid_argument("'" + name + "' is no origin");
}

} // namespace

HttpAnswer House::request(int caller, const std::string& method, const std::string& target, const Headers& headers,
                          std::string_view body, bool headOnly) {
    const auto address = server_->inside().services.http.address();
    Poco::Net::HTTPClientSession session(address);
    session.setTimeout(Poco::Timespan(kRequestSeconds, 0));
    Poco::Net::HTTPRequest request(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
    const auto token = tokenOf(caller);
    if (!token.empty()) request.set("Authorization", "Bearer " + token);
    if (!body.empty()) {
        request.setContentType("application/json");
        request.setContentLength64(static_cast<Poco::Int64>(body.size()));
    }
    for (const auto& [name, value] : headers) request.set(name, value);
    session.sendRequest(request).write(body.data(), static_cast<std::streamsize>(body.size()));
    Poco::Net::HTTPResponse response;
    auto& stream = session.receiveResponse(response);
    HttpAnswer answer;
    if (!headOnly) Poco::StreamCopier::copyToString(stream, answer.body);
    answer.status = response.getStatus();
    for (const auto& [name, value] : response) answer.headers.emplace_back(name, value);
    return answer;
}

void House::withCall(const std::function<void(talome_call&)>& use) {
    auto& services = server_->inside().services;
    talome_call call;
    call.principal = services.authenticate(tokenOf(0), "127.0.0.1", "talome-testing");
    call.snapshot = services.registry.snapshot();
    call.requestId = auth::uuid().substr(0, 8);
    use(call);
}

std::string House::call(int caller, const char* origin, std::string_view operation, std::string_view input) {
    auto inside = server_->inside();
    auto& services = inside.services;
    talome_call call;
    auto principal = std::make_shared<gate::Principal>();
    if (caller >= 0) {
        *principal = *services.authenticate(tokenOf(caller), "127.0.0.1", "talome-testing");
    } else { // the house itself
        principal->authenticated = true;
        principal->role = "admin";
        principal->credential = gate::Credential::socket;
    }
    if (origin) principal->origin = originOf(origin);
    call.principal = std::move(principal);
    call.snapshot = services.registry.snapshot();
    call.requestId = auth::uuid().substr(0, 8);
    const auto it = call.snapshot->operations.find(operation);
    if (it == call.snapshot->operations.end())
        throw gate::Failure(TALOME_E_NOT_FOUND, "there is no operation " + std::string(operation));
    const auto endpoint = it->second;
    if (endpoint->declared.kind != manifest::Kind::call)
        throw gate::Failure(TALOME_E_UNSUPPORTED, std::string(operation) + " is reached by a request, not by a call");
    std::string answer;
    services.gate.run(call, *endpoint, gate::parseJson(input.empty() ? "{}" : input), &collect, &answer);
    return answer;
}

void House::setSetting(std::string_view key, std::string_view value) {
    json::object body;
    body[key] = json::parse(json::string_view(value.data(), value.size()));
    const auto answer = request(0, "PUT", "/api/settings", {}, json::serialize(body));
    if (answer.status != 200)
        throw gate::Failure(answer.status == 409   ? TALOME_E_CONFLICT
                            : answer.status == 400 ? TALOME_E_INVALID
                            : answer.status == 404 ? TALOME_E_NOT_FOUND
                                                   : TALOME_E_INTERNAL,
                            std::string(json::parse(answer.body).at("error").as_string()));
    settle();
}

bool House::isAtRest() const {
    const auto inside = server_->inside();
    const auto look = [&] {
        std::vector<tasks::Activity> all{inside.services.reactor.activity()};
        for (const auto* pool : inside.pools) all.push_back(pool->activity());
        return all;
    };
    const auto first = look();
    for (const auto& each : first)
        if (!each.idle) return false;
    return look() == first;
}

void House::settle() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (std::chrono::microseconds pause{50}; !isAtRest();
         pause = std::min(pause * 2, std::chrono::microseconds(2000))) {
        if (std::chrono::steady_clock::now() > end)
            throw gate::Failure(TALOME_E_TIMEOUT, "something that the host began is still running after 30 s");
        std::this_thread::sleep_for(pause);
    }
}

void House::advance(std::chrono::milliseconds by) {
    auto& reactor = server_->inside().services.reactor;
    const auto target = time_.now() + by;
    settle();
    for (auto next = reactor.nextTimer(); next && *next <= target; next = reactor.nextTimer()) {
        time_.moveTo(*next);
        reactor.look();
        settle();
    }
    time_.moveTo(target);
    reactor.look();
    settle();
}

void House::publish(std::string_view topic, std::string_view text) {
    gate::parseJson(text);
    server_->inside().services.bus.publish({topic, text});
    settle();
}

std::vector<std::pair<std::string, std::string>> House::takeEvents() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
}

json::array House::rows(const std::string& plugin, std::string_view sql, const json::array& values) const {
    const auto file = folder_.path() / "state" / (plugin + ".db");
    if (!std::filesystem::exists(file)) throw std::runtime_error(plugin + " has no database");
    std::vector<storage::Value> bound;
    for (const auto& value : values) bound.push_back(valueOf(value));
    storage::Database database(file, storage::Durability::processCrash);
    json::array all;
    database.run(sql, bound, [&](sqlite3_stmt* statement) {
        json::object row;
        for (int i = 0; i < sqlite3_column_count(statement); ++i)
            row[sqlite3_column_name(statement, i)] = valueOf(storage::column(statement, i));
        all.push_back(std::move(row));
        return true;
    });
    return all;
}

} // namespace talome::testing
