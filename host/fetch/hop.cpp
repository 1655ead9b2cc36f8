// One request and its answer on libcurl.
#include "host/fetch/hop.hpp"

#include <algorithm>
#include <new>
#include <sys/socket.h>
#include <talome/errors.hpp>
#include <unistd.h>

namespace talome::fetch {

namespace {

constexpr std::size_t kPiece = 16384; // at most what libcurl hands over at once, CURL_MAX_WRITE_SIZE
constexpr long kIdleConnections = 8, kIdleSeconds = 30;

bool isRedirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// For CURLOPT_RESOLVE, so that libcurl asks no name server: "example.com:443:192.0.2.1,[2001:db8::1]".
std::string resolved(const Url& url, const std::vector<Address>& addresses) {
    auto text = url.host + ":" + std::to_string(url.port) + ":";
    for (const auto& each : addresses) {
        if (text.back() != ':') text += ',';
        text += each.v6 ? "[" + each.text() + "]" : each.text();
    }
    return text;
}

} // namespace

Hop::Hop(const Order& order, const Aim& aim, const std::vector<Address>& addresses, Pipe& pipe, bool mayRedirect)
    : order_(order), aim_(aim), pipe_(pipe), mayRedirect_(mayRedirect), easy_(curl().easyInit()) {
    if (!easy_) throw std::bad_alloc();
    setAim(addresses);
    setBody();
    for (const auto& [name, value] : aim_.headers) addHeader(value.empty() ? name + ";" : name + ": " + value);
    if (order_.decode) addHeader("Accept-Encoding: gzip, deflate");
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    set(easy_.get(), CURLOPT_HEADERFUNCTION, &header);
    set(easy_.get(), CURLOPT_HEADERDATA, this);
    set(easy_.get(), CURLOPT_WRITEFUNCTION, &write);
    set(easy_.get(), CURLOPT_WRITEDATA, this);
    set(easy_.get(), CURLOPT_NOPROGRESS, 0L);
    set(easy_.get(), CURLOPT_XFERINFOFUNCTION, &progress);
    set(easy_.get(), CURLOPT_XFERINFODATA, this);
}

void Hop::addHeader(const std::string& line) {
    auto* const longer = curl().listAppend(headers_.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    static_cast<void>(headers_.release()); // the longer list is the same one
    headers_.reset(longer);
}

void Hop::setAim(const std::vector<Address>& addresses) {
    auto* const easy = easy_.get();
    set(easy, CURLOPT_URL, aim_.url.text().c_str());
    set(easy, CURLOPT_PATH_AS_IS, 1L);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_PROXY, ""); // the environment's are nobody's decision
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_MAXCONNECTS, kIdleConnections);
    set(easy, CURLOPT_MAXAGE_CONN, kIdleSeconds);
    set(easy, CURLOPT_BUFFERSIZE, static_cast<long>(kPiece));
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &openSocket);
    set(easy, CURLOPT_OPENSOCKETDATA, this);
    set(easy, CURLOPT_PREREQFUNCTION, &beforeRequest);
    set(easy, CURLOPT_PREREQDATA, this);
    if (!order_.unixSocket.empty()) set(easy, CURLOPT_UNIX_SOCKET_PATH, order_.unixSocket.c_str());
    if (!addresses.empty()) {
        addresses_.reset(curl().listAppend(nullptr, resolved(aim_.url, addresses).c_str()));
        if (!addresses_) throw std::bad_alloc();
        set(easy, CURLOPT_RESOLVE, addresses_.get());
    }
    setTrust(easy, order_.trust, aim_.foreign);
}

void Hop::setBody() {
    auto* const easy = easy_.get();
    const bool pulled = aim_.withBody && order_.pulled;
    if (aim_.method == "HEAD")
        set(easy, CURLOPT_NOBODY, 1L);
    else if (pulled) {
        set(easy, CURLOPT_UPLOAD, 1L);
        set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*order_.pulled));
        set(easy, CURLOPT_READFUNCTION, &read);
        set(easy, CURLOPT_READDATA, this);
    } else if (aim_.withBody &&
               (!order_.body.empty() || aim_.method == "POST" || aim_.method == "PUT" || aim_.method == "PATCH")) {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(order_.body.size()));
        set(easy, CURLOPT_POSTFIELDS, order_.body.data());
        bytesOut_ = order_.body.size();
        const bool typed = std::any_of(aim_.headers.begin(), aim_.headers.end(),
                                       [](const auto& each) { return sameName(each.first, "Content-Type"); });
        if (!typed) addHeader("Content-Type:"); // libcurl's own would say that it is a form
    }
    if (aim_.method != "HEAD") set(easy, CURLOPT_CUSTOMREQUEST, aim_.method.c_str());
    addHeader("Expect:");
}

void Hop::resume() {
    waiting_ = false;
    lastActivity_ = Clock::now();
    curl().easyPause(easy_.get(), CURLPAUSE_CONT);
}

bool Hop::allowed(const Address& address) {
    const auto verdict = judge(address);
    if (allows(order_.reach, verdict.zone) && verdict.zone <= aim_.innermost) return true;
    fail(TALOME_E_DENIED, aim_.url.host + " may not be asked: its address is " + std::string(verdict.what));
    return false;
}

void Hop::onHead() {
    if (head_.status() == 101) throw BadUpstream("the answer changes to a protocol that was not asked for");
    if (const auto* to = head_.find("Location"); to && mayRedirect_ && isRedirect(head_.status())) {
        location_ = *to;
        return;
    }
    const auto* coding = head_.find("Content-Encoding");
    if (coding && order_.decode && !sameName(*coding, "identity")) {
        if (!Inflater::isKnown(*coding)) throw BadUpstream("the answer has an encoding that was not asked for");
        inflater_ = std::make_unique<Inflater>(*coding);
        head_.remove("Content-Encoding");
        head_.remove("Content-Length");
    }
    const auto length = head_.contentLength();
    if (length && *length > order_.maxBody && aim_.method != "HEAD" && head_.status() != 304)
        throw BadUpstream("the answer is larger than " + std::to_string(order_.maxBody) + " bytes");
    pipe_.head({head_.status(), head_.takeFields(), aim_.url.text()});
}

bool Hop::deliver(std::string_view bytes) {
    if (bytes.size() > order_.maxBody - bytesIn_)
        throw BadUpstream("the answer is larger than " + std::to_string(order_.maxBody) + " bytes");
    if (!pipe_.data(bytes)) {
        waiting_ = true;
        return false;
    }
    bytesIn_ += bytes.size();
    return true;
}

/// The whole piece, or nothing of it as far as libcurl is told: what was taken already is remembered.
std::size_t Hop::inflate(std::string_view bytes) {
    const auto all = bytes.size();
    bytes.remove_prefix(inflated_);
    for (;;) {
        if (!plain_.empty()) {
            if (!deliver(plain_)) return CURL_WRITEFUNC_PAUSE;
            plain_.clear();
        }
        plain_.resize(kPiece);
        const auto step = inflater_->step(bytes, plain_.data(), plain_.size());
        plain_.resize(step.given);
        bytes.remove_prefix(step.taken);
        inflated_ += step.taken;
        if (!step.taken && !step.given) break;
    }
    inflated_ = 0;
    return all;
}

std::size_t Hop::onData(std::string_view bytes) {
    if (location_) return 0;
    lastActivity_ = Clock::now();
    if (inflater_) return inflate(bytes);
    return deliver(bytes) ? bytes.size() : CURL_WRITEFUNC_PAUSE;
}

} // namespace talome::fetch
