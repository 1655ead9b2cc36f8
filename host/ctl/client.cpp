#include "host/ctl/client.hpp"

#include "host/http/unix_socket.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace json = boost::json;

namespace talome::ctl {

namespace {

using Poco::Net::HTTPClientSession;

[[noreturn]] void refuse(const ServerPlace& place, const std::string& why) {
    const auto where = place.url.empty() ? place.socket.string() : place.url;
    throw std::runtime_error("talomed does not answer at " + where + ": " + why +
                             (place.hint.empty() ? "" : " (" + place.hint + ")"));
}

std::unique_ptr<HTTPClientSession> overUnix(const ServerPlace& place) {
    try {
        auto descriptor = http::connectUnix(place.socket);
        Poco::Net::StreamSocket socket(new Poco::Net::StreamSocketImpl(descriptor.get()));
        descriptor.release();
        return std::make_unique<HTTPClientSession>(socket);
    } catch (const std::system_error& error) {
        auto why = error.code().message();
        if (error.code().value() == EACCES)
            why += "; it is for root and the server's own user. Others give --url and a token in TALOME_TOKEN";
        else if (error.code().value() == ENOENT || error.code().value() == ECONNREFUSED)
            why += "; does it run? TALOME_SOCKET names another place";
        refuse(place, why);
    }
}

std::unique_ptr<HTTPClientSession> overTcp(const ServerPlace& place) {
    const Poco::URI uri(place.url);
    if (uri.getScheme() != "http") throw std::runtime_error(place.url + ": expected an http:// address");
    return std::make_unique<HTTPClientSession>(uri.getHost(), uri.getPort());
}

std::string wordsOf(const json::object& answer, const std::string& otherwise) {
    const auto* error = answer.if_contains("error");
    std::string words = error && error->is_string() ? std::string(error->get_string()) : otherwise;
    if (const auto* details = answer.if_contains("details"); details && details->is_array())
        for (const auto& each : details->get_array()) words += "\n  " + json::serialize(each);
    return words;
}

} // namespace

std::unique_ptr<HTTPClientSession> Client::connect() const {
    return place_.url.empty() ? overUnix(place_) : overTcp(place_);
}

void Client::prepare(Poco::Net::HTTPRequest& request) const {
    if (place_.url.empty()) request.setHost("localhost");
    request.set("User-Agent", "talomectl/" TALOME_VERSION);
    if (!token_.empty()) request.set("Authorization", "Bearer " + token_);
}

std::string Client::text(const std::string& method, const std::string& path, const json::value& body) const {
    const auto session = connect();
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    prepare(request);
    std::string text, answer;
    if (!body.is_null()) {
        text = json::serialize(body);
        request.setContentType("application/json");
        request.setContentLength(static_cast<std::streamsize>(text.size()));
    }
    Poco::Net::HTTPResponse response;
    try {
        session->setTimeout(Poco::Timespan(kAnswerSeconds, 0));
        session->sendRequest(request) << text;
        Poco::StreamCopier::copyToString(session->receiveResponse(response), answer);
    } catch (const Poco::Exception& error) {
        refuse(place_, error.displayText());
    }
    if (response.getStatus() < 400) return answer;
    boost::system::error_code error;
    const auto parsed = json::parse(answer, error);
    const auto* object = parsed.if_object();
    throw std::runtime_error(std::to_string(response.getStatus()) + " " +
                             wordsOf(object ? *object : json::object(), response.getReason()));
}

json::value Client::send(const std::string& method, const std::string& path, const json::value& body) const {
    const auto answer = text(method, path, body);
    return answer.empty() ? json::value(nullptr) : json::parse(answer);
}

} // namespace talome::ctl
