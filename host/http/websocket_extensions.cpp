#include "host/http/websocket_extensions.hpp"

#include <algorithm>
#include <stdexcept>

namespace talome::http {

namespace {

constexpr std::uint8_t kFewestBits = 8, kMostBits = 15; // RFC 7692, 7.1.2
constexpr std::uint8_t kFewestOurBits = 9;              // of zlib's compressor

bool isTokenChar(char c) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
}

// Reads a field value from left to right. Blanks before each piece are passed over.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool atEnd() {
        skipBlanks();
        return rest_.empty();
    }
    bool take(char c) {
        skipBlanks();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Empty if there is none.
    std::string_view token() {
        skipBlanks();
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), isTokenChar);
        const auto token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
        rest_.remove_prefix(token.size());
        return token;
    }
    /// What is inside the quotes, of which the first was taken; it must be a token (RFC 6455, 9.1), else empty.
    std::string quoted() {
        std::string out;
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == '\\') rest_.remove_prefix(1);
            if (rest_.empty() || !isTokenChar(rest_.front())) return {};
            out += rest_.front();
            rest_.remove_prefix(1);
        }
        if (rest_.empty()) return {};
        rest_.remove_prefix(1);
        return out;
    }

private:
    void skipBlanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
    }

    std::string_view rest_;
};

// False if it is malformed.
bool readParameter(Scanner& scanner, ExtensionOffer& offer) {
    ExtensionParameter parameter{scanner.token(), {}};
    if (parameter.name.empty()) return false;
    if (scanner.take('=')) {
        parameter.value = scanner.take('"') ? scanner.quoted() : std::string(scanner.token());
        if (parameter.value->empty()) return false;
    }
    offer.parameters.push_back(std::move(parameter));
    return true;
}

// 8 to 15, without a zero before it.
std::optional<std::uint8_t> readBits(std::string_view text) {
    if (text.empty() || text.size() > 2 || text.front() == '0') return {};
    unsigned bits = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return {};
        bits = bits * 10 + static_cast<unsigned>(c - '0');
    }
    if (bits < kFewestBits || bits > kMostBits) return {};
    return static_cast<std::uint8_t>(bits);
}

struct DeflateOffer {
    bool serverNoContextTakeover = false, clientNoContextTakeover = false;
    std::optional<std::uint8_t> serverWindowBits, clientWindowBits; // named, with this limit
};

// Nothing for an unknown parameter, one that is repeated, or a value that is not allowed: RFC 7692, 7.1 declines these.
std::optional<DeflateOffer> readOffer(const ExtensionOffer& offer) {
    DeflateOffer out;
    for (auto& [name, value] : offer.parameters) {
        if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
            auto& flag = name.front() == 's' ? out.serverNoContextTakeover : out.clientNoContextTakeover;
            if (flag || value) return {};
            flag = true;
        } else if (name == "server_max_window_bits" || name == "client_max_window_bits") {
            const bool server = name.front() == 's';
            auto& bits = server ? out.serverWindowBits : out.clientWindowBits;
            if (bits || (server && !value)) return {};
            bits = value ? readBits(*value) : kMostBits;
            if (!bits) return {};
        } else {
            return {};
        }
    }
    // zlib's compressor has no window of 256 bytes; what it makes with 512 is not promised to fit.
    if (out.serverWindowBits && *out.serverWindowBits < kFewestOurBits) return {};
    return out;
}

std::string write(const DeflateOffer& offer, const DeflateParameters& agreed) {
    std::string out = "permessage-deflate";
    if (agreed.serverNoContextTakeover) out += "; server_no_context_takeover";
    if (agreed.clientNoContextTakeover) out += "; client_no_context_takeover";
    // A server may use a smaller window than it must without saying so, and some clients are surprised to be told.
    if (offer.serverWindowBits) out += "; server_max_window_bits=" + std::to_string(agreed.serverWindowBits);
    // Who does not name it may not know it: it must not be in the answer then (RFC 7692, 7.1.2.2).
    if (offer.clientWindowBits) out += "; client_max_window_bits=" + std::to_string(agreed.clientWindowBits);
    return out;
}

} // namespace

std::optional<std::vector<std::string_view>> readTokens(std::string_view list) {
    std::vector<std::string_view> tokens;
    for (Scanner scanner(list); !scanner.atEnd();) {
        const auto token = scanner.token();
        if (!token.empty()) tokens.push_back(token);
        if (!scanner.take(',') && !scanner.atEnd()) return {};
    }
    return tokens;
}

std::optional<std::vector<ExtensionOffer>> readExtensions(std::string_view list) {
    std::vector<ExtensionOffer> offers;
    for (Scanner scanner(list); !scanner.atEnd();) {
        if (scanner.take(',')) continue;
        ExtensionOffer offer{scanner.token(), {}};
        if (offer.name.empty()) return {};
        while (scanner.take(';'))
            if (!readParameter(scanner, offer)) return {};
        if (!scanner.atEnd() && !scanner.take(',')) return {};
        offers.push_back(std::move(offer));
    }
    return offers;
}

std::optional<DeflateParameters> agreeDeflate(const std::vector<ExtensionOffer>& offers, const DeflateParameters& wish,
                                              std::string& answer) {
    for (auto bits : {wish.serverWindowBits, wish.clientWindowBits})
        if (bits < kFewestOurBits || bits > kMostBits) throw std::invalid_argument("window bits must be 9 to 15");
    for (auto& candidate : offers) {
        if (candidate.name != "permessage-deflate") continue;
        const auto offer = readOffer(candidate);
        if (!offer) continue;
        DeflateParameters agreed;
        agreed.serverWindowBits = std::min(wish.serverWindowBits, offer->serverWindowBits.value_or(kMostBits));
        agreed.clientWindowBits =
            offer->clientWindowBits ? std::min(wish.clientWindowBits, *offer->clientWindowBits) : kMostBits;
        agreed.serverNoContextTakeover = wish.serverNoContextTakeover || offer->serverNoContextTakeover;
        agreed.clientNoContextTakeover = wish.clientNoContextTakeover || offer->clientNoContextTakeover;
        answer = write(*offer, agreed);
        return agreed;
    }
    return {};
}

} // namespace talome::http
