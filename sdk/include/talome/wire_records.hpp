// What a plugin has declared of http.h, as records.hpp keeps the rest. A record declares itself through a virtual
// function, so that a plugin has no code of kinds that it does not use.
#pragma once

#include "declare.hpp"
#include "wire_handler.hpp"

namespace talome::detail {

/// Those derived say `inline` within the class: else the compiler puts all of a kind into every file that sees it.
struct Declared {
    Declared() = default;
    Declared(const Declared&) = delete;
    Declared& operator=(const Declared&) = delete;
    virtual ~Declared() = default;
    virtual void declare(Areas&) = 0; ///< to the host; throws what it refuses
};

/// What routes on the wire have in common.
struct WireRecord : Declared {
    const Areas* areas = nullptr;
    std::string id, summary, permission;
    Tier tier = Tier::destructive;
    std::string input; ///< schema
    std::vector<Note> notes;
};

struct RawRecord : WireRecord {
    Slots<StreamSlot>* streams = nullptr;
    Handler handler;
    RunRaw run = nullptr;
    std::string method, path, listener;
    std::uint32_t flags = 0;
    std::uint64_t maxBody = 0;

    inline void declare(Areas&) override;
    static talome_status invoke(void* user, talome_call*, talome_bytes input, talome_exchange*) noexcept;
};

struct UploadRecord : WireRecord {
    Handler placeHandler, doneHandler;
    RunPlace runPlace = nullptr;
    RunUploaded runDone = nullptr;
    std::string output, method, path;
    std::uint32_t flags = 0, maxFiles = 0;
    std::int32_t success = 200;
    std::uint64_t maxBody = 0;

    inline void declare(Areas&) override;
    static talome_status place(void* user, talome_call*, talome_bytes input, const talome_upload_part*,
                               talome_upload_target*) noexcept;
    static talome_status done(void* user, talome_call*, talome_bytes input, const talome_upload*, talome_sink,
                              void* to) noexcept;
};

struct SourceRecord {
    std::string pattern, event;
};

struct EventStreamRecord : Declared {
    std::string id, summary, permission, path;
    std::vector<SourceRecord> sources;
    std::uint32_t flags = 0, replay = 0;

    inline void declare(Areas&) override;
};

struct PlaceRecord {
    std::string path, listener;
};

struct WebSocketRecord : WireRecord {
    Handler openHandler, messageHandler, closedHandler, roomHandler;
    RunOpen runOpen = nullptr;
    RunMessage runMessage = nullptr;
    RunClosed runClosed = nullptr;
    RunRoom runRoom = nullptr;
    std::vector<PlaceRecord> places;
    std::string protocols;
    std::uint32_t flags = 0;
    std::uint64_t maxMessage = 0, maxQueued = 0;

    inline void declare(Areas&) override;
    static talome_status open(void* user, talome_call*, talome_bytes input, talome_bytes first,
                              std::uint64_t number) noexcept;
    static void message(void* user, std::uint64_t number, std::int32_t kind, talome_bytes) noexcept;
    static void room(void* user, std::uint64_t number) noexcept;
    static void closed(void* user, std::uint64_t number, std::int32_t how, std::int32_t code, talome_str) noexcept;
};

struct ListenerRecord : Declared {
    std::string id, summary, host, portVariable, hostVariable;
    std::uint16_t port = 0;

    inline void declare(Areas&) override;
};

struct AudienceRecord : Declared {
    const Areas* areas = nullptr;
    Handler handler;
    RunAudience run = nullptr;
    std::string topic;

    inline void declare(Areas&) override;
    static void invoke(void* user, talome_str topic, std::int32_t present) noexcept;
};

struct ProgramRecord : Declared {
    std::string program, summary;

    inline void declare(Areas&) override;
};

/// The schema with its notes; a mistake in them names the operation.
std::string annotated(const std::string& id, const std::string& schema, const std::vector<Note>& notes);

inline const char* orNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

} // namespace talome::detail

#include "wire_records.ipp"
