#include "host/http/event_channel.hpp"

#include "host/http/server.hpp"

#include <algorithm>
#include <charconv>

namespace talome::http {

namespace {

std::uint64_t epochMs() {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

std::optional<std::uint64_t> lastEventId(const Exchange& exchange) {
    const auto text = exchange.header("Last-Event-ID");
    std::uint64_t id = 0;
    if (!text || text->empty()) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), id);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt; // not one of ours
    return id;
}

constexpr std::size_t kMostKept = 4 << 20; // bytes of events for those who come back

// A field's value ends with its line: what would begin another is left out.
void appendField(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (char c : value)
        if (c != '\r' && c != '\n' && c != '\0') out += c;
    out += '\n';
}

} // namespace

std::string formatEvent(std::string_view event, std::string_view id, std::string_view data) {
    std::string out;
    out.reserve(data.size() + event.size() + id.size() + 32);
    if (!id.empty()) appendField(out, "id", id);
    if (!event.empty()) appendField(out, "event", event);
    for (;;) { // CR, LF and CR LF all end a line; the client puts LF between the lines
        const auto end = data.find_first_of("\r\n");
        out.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == data.npos) break;
        data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    return out.append("\n");
}

Piece formatBye(std::string_view reason) {
    std::string json = R"({"reason":")";
    for (char c : reason)
        if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= ' ') json += c;
    return std::make_shared<const std::string>(formatEvent("bye", {}, json.append("\"}")));
}

Piece eventHeartbeat() {
    static const auto comment = std::make_shared<const std::string>(":\n\n");
    return comment;
}

/// One client of the channel.
class EventChannel::Subscriber : public Stream {
public:
    Subscriber(std::shared_ptr<EventChannel> channel, Client client, std::optional<std::uint64_t> after)
        : client(std::move(client)), after(after), channel_(std::move(channel)) {}

    Kind kind() const override { return Kind::events; }
    void onOpen(const std::shared_ptr<StreamHandle>& handle) override {
        handle_ = handle;
        if (client.opened) client.opened(handle);
        channel_->add(*this);
    }
    Piece ping() override { return eventHeartbeat(); }
    Piece farewell(std::string_view reason) override { return formatBye(reason); }
    void onEnd(End) noexcept override {
        if (!handle_) return; // it was never open
        channel_->remove(*this);
        if (client.ended) client.ended();
    }
    StreamHandle& handle() const { return *handle_; }

    const Client client;
    const std::optional<std::uint64_t> after;

private:
    const std::shared_ptr<EventChannel> channel_;
    std::shared_ptr<StreamHandle> handle_;
};

EventChannel::EventChannel(Server& server, Options options) : server_(server), options_(options), next_(epochMs()) {}

void EventChannel::publish(std::string_view event, std::string_view json, std::string_view permission,
                           std::string_view to) {
    server_.onStreamThread([self = shared_from_this(), name = std::string(event), json = std::string(json),
                            permission = std::string(permission), to = std::string(to)] {
        const auto id = self->next_++;
        auto text = std::make_shared<const std::string>(formatEvent(name, std::to_string(id), json));
        self->deliver({id, std::move(text), permission, to});
    });
}

void EventChannel::answer(Exchange& exchange, Client client) {
    exchange.setHeader("Cache-Control", "no-cache, no-transform");
    exchange.setHeader("X-Accel-Buffering", "no"); // a proxy in front must not wait for more
    auto subscriber = std::make_shared<Subscriber>(shared_from_this(), std::move(client), lastEventId(exchange));
    exchange.beginStream("text/event-stream", false);
    exchange.handOver(std::move(subscriber));
}

// The reactor's thread.

void EventChannel::add(Subscriber& subscriber) {
    static const auto retry = std::make_shared<const std::string>("retry: 3000\n\n");
    subscribers_.push_back(&subscriber);
    subscriber.handle().send(retry);
    if (subscriber.after) {
        for (const auto& event : kept_)
            if (event.id > *subscriber.after && subscriber.client.maySee(event.permission, event.to))
                subscriber.handle().sendAnyway(event.text); // it is bounded by what is kept
        return;
    }
    if (!options_.last) return;
    for (auto event = kept_.rbegin(); event != kept_.rend(); ++event)
        if (subscriber.client.maySee(event->permission, event->to)) return send(subscriber, *event);
}

void EventChannel::remove(Subscriber& subscriber) { std::erase(subscribers_, &subscriber); }

void EventChannel::deliver(Event event) {
    for (auto* subscriber : subscribers_) send(*subscriber, event);
    keptBytes_ += event.text->size();
    kept_.push_back(std::move(event));
    while (kept_.size() > options_.replay || (keptBytes_ > kMostKept && kept_.size() > 1)) {
        keptBytes_ -= kept_.front().text->size();
        kept_.pop_front();
    }
}

void EventChannel::send(Subscriber& subscriber, const Event& event) {
    if (!subscriber.client.maySee(event.permission, event.to)) return;
    if (subscriber.handle().send(event.text) == StreamHandle::Sent::full) subscriber.handle().drop();
}

} // namespace talome::http
