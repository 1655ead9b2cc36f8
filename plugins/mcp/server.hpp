// The MCP server: one endpoint for both eras. server.cpp is the door and the methods about the connection; tools.cpp,
// resources.cpp, prompts.cpp and listening.cpp have a group of methods each.
#pragma once

#include "approvals.hpp"
#include "conversation.hpp"
#include "request.hpp"

namespace talome::mcp {

struct McpQuery {
    std::optional<std::string> domains;
};
BOOST_DESCRIBE_STRUCT(McpQuery, (), (domains))

/// A client of 2026-07-28 that is told of changes, for as long as its stream lives. Under the server's mutex.
struct Listener {
    boost::json::value subscription; ///< its id: that of the request
    bool tools = false, prompts = false, resources = false;
    std::map<std::string, std::vector<std::string>> updates; ///< URI -> topic patterns
    Stream stream;
};

/// Any thread.
class Server {
public:
    explicit Server(const Host& host) : host_(host), offers_(host) {}

    void post(Call&, const McpQuery&, Exchange&);
    void get(Call&, Exchange&);
    void remove(Call&, Exchange&);

    void listsChanged(bool tools, bool resources, bool prompts); ///< strand
    void happened(std::string_view topic);                       ///< strand
    void close();

private:
    using Method = std::string (Server::*)(Request&); ///< the members of the result, in JSON, without the braces
    struct Known {
        std::string_view name;
        Method method;
        bool legacy, modern;
        bool cacheable; ///< the newest revision says how long the result counts
    };
    static const Known* find(std::string_view method);

    // server.cpp
    void authenticate(const Call&, Exchange&) const;
    void checkOrigin(Exchange&) const;
    void receive(Call&, const McpQuery&, Exchange&, Reply&, boost::json::value& id);
    void one(Call&, const McpQuery&, Exchange&, Reply&, boost::json::value body, boost::json::value& id, bool batch);
    void handle(Request&, Exchange&);
    void note(Request&);
    std::string initialize(Request&);
    std::string discover(Request&);
    std::string ping(Request&);
    std::string setLevel(Request&);
    std::string complete(Request&);
    std::string capabilities() const;
    // tools.cpp
    std::string toolsList(Request&);
    std::string toolsCall(Request&);
    struct Waiting {
        std::string call, tool, input, approval; ///< who calls what with which arguments; the arguments in JSON
    };
    std::string waitForPerson(Request&, Conversation&, const Waiting&);
    // resources.cpp
    std::string resourcesList(Request&);
    std::string templatesList(Request&);
    std::string resourcesRead(Request&);
    std::string subscribe(Request&);
    std::string unsubscribe(Request&);
    std::optional<std::vector<std::string>> topicsOf(const Call&, std::string_view uri);
    // prompts.cpp
    std::string promptsList(Request&);
    std::string promptsGet(Request&);
    // listening.cpp
    void listen(Request&, Exchange&);

    /// What the caller may use of one kind, narrowed to the request's domains.
    boost::json::array listed(Request&, Offer);
    boost::json::array narrowed(const Request&, boost::json::array all) const;
    /// A page of it, from params.cursor on, and the cursor of the next one among the members.
    std::string page(Request&, std::string_view member, const std::vector<std::string>& entries);
    /// What both calls of an offer have in common. Nothing: an answer is in `result` already.
    std::optional<OfferAnswer> callOffer(Request&, Conversation&, Offer, const std::string& name,
                                         const std::string& input, const std::string& approval, std::string& result);
    std::string ownerOf(const Call&) const;
    std::vector<std::string> allowedOrigins() const;

    const Host host_;
    const Offers offers_;
    const RequestState states_;
    Sessions sessions_;
    Approvals approvals_;

    using Entries = std::shared_ptr<const std::vector<std::string>>;
    std::mutex madeMutex_;
    std::map<std::string, Entries> made_; ///< tools as clients see them, by the digest of what they were made from

    std::mutex mutex_;                                                                          ///< of what follows
    std::map<std::pair<std::string, std::string>, std::shared_ptr<std::atomic<bool>>> running_; ///< by session and id
    std::map<std::uint64_t, std::shared_ptr<Listener>> listeners_;
    std::uint64_t lastListener_ = 0;
    std::atomic<int> waiting_{0};      ///< calls that hold a thread for a person's answer
    std::atomic<bool> watched_{false}; ///< some client watches a resource
};

} // namespace talome::mcp
