#include "host/http/exchange.hpp"

#include "host/http/connection.hpp"
#include "host/http/content_coding.hpp"
#include "host/http/server.hpp"
#include "host/http/stream.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <strings.h>
#include <sys/stat.h>

namespace talome::http {

namespace {

constexpr std::size_t kCopied = 16384; // chunks above it are sent without a copy

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool hasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

} // namespace

Exchange::Exchange(Connection& connection, const RequestHead& head, const Options& options, Shared& shared)
    : connection_(connection), head_(&head), options_(options),
      body_(connection, head.framing, head.contentLength.value_or(0)), shared_(shared), requestId_(newRequestId()),
      start_(std::chrono::steady_clock::now()), moved_(start_), mayKeepAlive_(head.keepAlive) {}

Exchange::~Exchange() {
    releaseBody();
    if (keptBytes_) shared_.kept -= keptBytes_;
}

const std::string& Exchange::peer() const { return connection_.peer(); }
const std::string& Exchange::listener() const { return connection_.listener(); }
bool Exchange::secure() const { return connection_.secure(); }
std::optional<uid_t> Exchange::peerUid() const { return connection_.peerUid(); }
bool Exchange::connected() const { return connection_.connected(); }

std::optional<std::string_view> Exchange::header(std::string_view name) const {
    auto* field = head_->find(name);
    return field ? std::optional(field->value) : std::nullopt;
}

std::vector<std::string_view> Exchange::headers(std::string_view name) const {
    std::vector<std::string_view> values;
    for (auto& field : head_->fields)
        if (same(field.name, name)) values.push_back(field.value);
    return values;
}

void Exchange::setHeader(std::string_view name, std::string_view value) {
    if (begun()) throw std::logic_error("the head of the answer is out");
    fields_.set(name, value);
}

void Exchange::addHeader(std::string_view name, std::string_view value) {
    if (begun()) throw std::logic_error("the head of the answer is out");
    fields_.add(name, value);
}

std::string Exchange::startHead(int status, std::string_view contentType, std::optional<std::uint64_t> length) {
    if (phase_ != Phase::waiting) throw std::logic_error("the exchange is answered already");
    if (status < 200) throw std::invalid_argument("an answer has a status from 200 to 599");
    bool bodiless = hasNoBody(status);
    bool unfinished = body_.broken() || body_.remaining() > kDrainBytes || (head_->expectContinue && !continueSent_);
    if (unfinished && bodyOpen()) mayKeepAlive_ = false;
    if (shared_.draining) mayKeepAlive_ = false;

    ResponseFacts facts;
    facts.status = status;
    facts.requestId = requestId_;
    facts.secure = secure();
    facts.noStore = head_->rawPath.substr(0, 5) == "/api/";
    if (!bodiless) {
        facts.contentType = contentType;
        facts.length = length;
        if (!length && head_->minor == 1 && !untilClose_)
            facts.chunked = true;
        else if (!length && head_->method != "HEAD")
            mayKeepAlive_ = false;
    }
    facts.keepAlive = mayKeepAlive_;
    facts.sayKeepAlive = head_->minor == 0;
    if (options_.serverTiming) {
        std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start_;
        std::array<char, 32> text{};
        auto end =
            std::to_chars(text.data(), text.data() + text.size(), spent.count(), std::chars_format::fixed, 3).ptr;
        fields_.add("Server-Timing", "total;dur=" + std::string(text.data(), end));
    }
    auto head = formatHead(facts, fields_);
    status_ = status;
    remaining_ = length.value_or(0);
    phase_ = bodiless || head_->method == "HEAD" ? Phase::bodiless
             : length                            ? Phase::sized
             : facts.chunked                     ? Phase::chunked
                                                 : Phase::untilClose;
    return head;
}

void Exchange::transmit(std::string_view head, std::string_view body) {
    try {
        connection_.send(head, body, options_.sendTime);
    } catch (const ClientGone&) {
        cut_ = true;
        throw;
    }
}

// What the client does not take at once is kept, and goes when it is ready.
void Exchange::transmitOrKeep(std::string head, std::string body) {
    std::size_t sent;
    try {
        sent = connection_.sendSome(head, body);
    } catch (const ClientGone&) {
        cut_ = true;
        throw;
    }
    if (sent == head.size() + body.size()) return;
    keptBytes_ = head.size() + body.size() - sent;
    if ((shared_.kept += keptBytes_) > options_.maxKept) {
        cut_ = true;
        throw ClientGone(); // too many who do not take their answers
    }
    sendFrom_ = moved_ = std::chrono::steady_clock::now();
    if (sent < head.size()) {
        out_.bytes = std::move(head.append(body));
        out_.at = sent;
    } else {
        out_.bytes = std::move(body);
        out_.at = sent - head.size();
    }
}

void Exchange::send(int status, std::string_view contentType, std::string body) {
    if (body.size() >= kLeastCompressed && !fields_.has("Content-Encoding")) {
        auto coded = codeBody(*head_, contentType, body);
        if (coded.varies) fields_.add("Vary", "Accept-Encoding");
        if (coded.gzipped) {
            fields_.set("Content-Encoding", "gzip");
            body = std::move(*coded.gzipped);
        }
    }
    auto head = startHead(status, contentType, body.size());
    if (phase_ == Phase::bodiless) body.clear();
    phase_ = Phase::done;
    bytesOut_ = body.size();
    transmitOrKeep(std::move(head), std::move(body));
}

void Exchange::sendFile(Descriptor file, const FileOffer& offer) {
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) throw HttpError(400, "this is not a regular file");
    const auto plan = planFile(*head_, FileFacts::of(facts), offer);
    for (auto& [name, value] : plan.fields) fields_.set(name, value);
    if (!plan.error.empty()) return sendError(plan.status, plan.error);
    out_.bytes = startHead(plan.status, plan.contentType, plan.length);
    if (phase_ != Phase::bodiless && plan.length > 0) {
        out_.file = std::move(file);
        out_.offset = plan.offset;
        out_.left = plan.length;
    }
    phase_ = Phase::done;
    sendFrom_ = moved_ = std::chrono::steady_clock::now();
}

void Exchange::beginStream(std::string_view contentType, bool chunks) {
    if (!chunks) {
        untilClose_ = true;
        mayKeepAlive_ = false;
    }
    held_ = startHead(200, contentType, std::nullopt); // goes out when the stream can be found by what it waits for
}

void Exchange::upgrade() {
    if (phase_ != Phase::waiting) throw std::logic_error("the exchange is answered already");
    mayKeepAlive_ = false;
    status_ = 101;
    phase_ = Phase::upgraded;
    held_ = formatUpgrade(requestId_, fields_);
}

void Exchange::handOver(std::shared_ptr<Stream> stream) {
    if (phase_ != Phase::upgraded && phase_ != Phase::chunked && phase_ != Phase::untilClose &&
        phase_ != Phase::bodiless)
        throw std::logic_error("handOver() needs upgrade(), or begin() without a length");
    stream_ = std::move(stream);
}

void Exchange::sendError(int status, std::string_view text) {
    send(status, "application/json", errorBody(status, text, requestId_));
}

void Exchange::begin(int status, std::string_view contentType, std::optional<std::uint64_t> length) {
    held_ = startHead(status, contentType, length);
    // With a length the body is on its way, and head and body can share a packet. Without one it may be a while.
    if (phase_ == Phase::sized && remaining_ > 0) return;
    transmit(held_, {});
    held_.clear();
}

void Exchange::write(std::string_view bytes) {
    if (phase_ == Phase::waiting || phase_ == Phase::done) throw std::logic_error("write() outside begin() and end()");
    if (phase_ == Phase::bodiless && !connection_.connected()) throw ClientGone(); // or a handler would write for ever
    if (bytes.empty() || phase_ == Phase::bodiless) return;
    if (!stream_ && untilClose_) throw std::logic_error("write() on a stream");
    if (phase_ == Phase::sized) {
        if (bytes.size() > remaining_) throw std::logic_error("more bytes than begin() announced");
        remaining_ -= bytes.size();
    }
    bytesOut_ += bytes.size();
    if (phase_ == Phase::chunked) {
        std::array<char, 20> size{};
        auto end = std::to_chars(size.data(), size.data() + 16, bytes.size(), 16).ptr;
        *end++ = '\r', *end++ = '\n';
        // Small chunks in one piece, large ones without a copy.
        std::string chunk(size.data(), end);
        if (bytes.size() > kCopied) {
            transmit(chunk, bytes);
            transmit("\r\n", {});
        } else {
            transmit(chunk.append(bytes).append("\r\n"), {});
        }
        return;
    }
    transmit(held_, bytes);
    held_.clear();
}

void Exchange::end() {
    if (phase_ == Phase::waiting) throw std::logic_error("end() without begin()");
    auto phase = std::exchange(phase_, Phase::done);
    if (phase == Phase::chunked) transmit("0\r\n\r\n", {});
    if (phase == Phase::sized && remaining_ > 0) {
        cut_ = true;
        throw std::logic_error("fewer bytes than begin() announced");
    }
}

void Exchange::complete() {
    if (cut_ || hasStream()) return;
    if (auto stream = std::exchange(stream_, nullptr)) stream->onEnd(Stream::End::closed); // HEAD: the head is all
    if (!held_.empty() && begun()) transmit(std::exchange(held_, {}), {});
    if (phase_ == Phase::waiting)
        fail(HttpError(500, "internal error"));
    else
        end();
}

bool Exchange::flush() {
    if (cut_) return true;
    try {
        return sendPending();
    } catch (const ClientGone&) {
        cut_ = true;
        throw;
    } catch (const std::exception&) {
        cut_ = true; // the file
        throw;
    }
}

bool Exchange::sendPending() {
    while (out_.at < out_.bytes.size()) {
        auto n = connection_.sendSome(std::string_view(out_.bytes).substr(out_.at));
        if (n == 0) return false;
        moved_ = std::chrono::steady_clock::now();
        out_.at += n;
        taken_ += n;
    }
    if (!out_.bytes.empty()) out_.bytes = {}, out_.at = 0;
    for (std::uint64_t turn = 0; out_.left > 0;) {
        constexpr std::uint64_t kPiece = 1 << 20;
        if (turn >= kTurn) return false;
        auto n = connection_.sendSome(out_.file.get(), out_.offset, std::min(out_.left, kPiece));
        if (n == 0) return false;
        moved_ = std::chrono::steady_clock::now();
        out_.left -= n;
        bytesOut_ += n;
        taken_ += n;
        turn += n;
    }
    out_.file = {};
    return true;
}

void Exchange::keepHead() {
    if (kept_) return;
    auto kept = std::make_unique<Kept>();
    const auto& first = head_->raw;
    kept->bytes.assign(first);
    readHead(kept->bytes, kept->head); // it was accepted before
    head_ = &kept->head;
    kept_ = std::move(kept);
}

bool Exchange::withdraw() {
    if (phase_ == Phase::waiting) return true;
    if (held_.empty()) return false;
    held_.clear();
    if (auto stream = std::move(stream_)) stream->onEnd(Stream::End::closed);
    fields_ = {};
    phase_ = Phase::waiting;
    status_ = 0;
    untilClose_ = false;
    mayKeepAlive_ = head_->keepAlive;
    return true;
}

void Exchange::fail(const HttpError& error) {
    if (!withdraw()) {
        cut_ = cut_ || phase_ != Phase::done;
        return;
    }
    receiving_ = false;
    stream_.reset();
    sink_.reset();
    fields_ = {};
    for (auto& [name, value] : error.headers) fields_.set(name, value);
    sendError(error.status, error.text);
}

} // namespace talome::http
