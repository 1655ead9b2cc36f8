// Upload routes: the body goes to disk as it comes, and the plugin is asked where before, and called after it.
#include "host/plugins/wire_routes.hpp"

#include "host/http/upload.hpp"
#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

namespace talome::plugins {

namespace {

constexpr std::uint32_t kFiles = 100;
constexpr std::size_t kFields = 100; // of a form, besides its files

std::uint32_t filesOf(const talome_upload_route& route) { return route.max_files ? route.max_files : kFiles; }

std::vector<talome_pair> pairsOf(const http::UploadFields& fields) {
    std::vector<talome_pair> pairs;
    for (const auto& [name, value] : fields) pairs.push_back({str(name), str(value)});
    return pairs;
}

/// What done() is given, with what link() needs behind it.
struct Uploaded : talome_upload {
    http::Upload* whole;
};

/// What done() says, collected.
struct Answer {
    static constexpr std::size_t kMost = 1u << 20;
    std::string text;
    bool tooLarge = false;
    static void take(void* to, talome_bytes piece) noexcept {
        auto& self = *static_cast<Answer*>(to);
        try {
            if (self.text.size() + piece.n > kMost)
                self.tooLarge = true;
            else
                self.text.append(view(piece));
        } catch (const std::bad_alloc&) {
            self.tooLarge = true; // told when the plugin has returned
        }
    }
};

/// Lives as long as the request. Used by one worker at a time.
class Upload : public http::BodySink {
public:
    Upload(talome_self* self, const talome_upload_route& route, const std::string& id, const talome_call& call,
           std::string input, const http::Exchange& exchange)
        : self_(self), hold_(gate::Drain::again(self->drain)), route_(route), id_(id), call_(call),
          input_(std::move(input)),
          writer_(
              {.contentType = std::string(exchange.header("Content-Type").value_or("application/octet-stream")),
               .contentLength = exchange.contentLength(),
               .sha256 = (route.flags & TALOME_UPLOAD_SHA256) != 0,
               .files = filesOf(route),
               .limits = {.parts = std::size_t{filesOf(route)} + kFields}},
              [this](const http::PartHead& part, const http::UploadFields& fields) { return place(part, fields); }) {}

    void take(std::string_view piece) override {
        translated([&] {
            if (self_->drain->cancelled())
                throw gate::Failure(TALOME_E_UNAVAILABLE, self_->id + " is being ended; send it again");
            writer_.feed(piece);
        });
    }
    void finish() override {
        translated([&] { upload_ = writer_.finish(); });
    }

    /// Calls the plugin, and answers with what it says. Throws what it fails with.
    std::string done(talome_call& call) {
        const auto fields = pairsOf(upload_.fields);
        std::vector<std::string> names; // as the ABI has them: without a difference between empty and absent
        for (const auto& each : upload_.files) names.push_back(each.part.filename.value_or(""));
        std::vector<talome_upload_file> files;
        for (std::size_t i = 0; i < upload_.files.size(); ++i) {
            const auto& each = upload_.files[i];
            files.push_back({sizeof(talome_upload_file), each.file.descriptor(), str(each.part.name), str(names[i]),
                             str(each.part.contentType), each.file.size(), str(each.sha256)});
        }
        std::vector<const talome_upload_file*> list;
        for (const auto& each : files) list.push_back(&each);
        Uploaded uploaded{};
        uploaded.struct_size = sizeof(talome_upload);
        uploaded.n_files = static_cast<std::uint32_t>(files.size());
        uploaded.n_fields = static_cast<std::uint32_t>(fields.size());
        uploaded.files = list.data();
        uploaded.fields = fields.data();
        uploaded.whole = &upload_;
        Answer answer;
        gate::lastWords().clear();
        gate::succeedOrThrow(route_.done(route_.user, &call, bytes(input_), &uploaded, &Answer::take, &answer), id_);
        if (answer.tooLarge) throw gate::Failure(TALOME_E_INTERNAL, id_ + " answered too much");
        return std::move(answer.text);
    }

private:
    http::UploadTarget place(const http::PartHead& part, const http::UploadFields& fields) {
        const auto pairs = pairsOf(fields);
        talome_upload_part given{};
        given.struct_size = sizeof given;
        given.n_fields = static_cast<std::uint32_t>(pairs.size());
        given.name = str(part.name);
        const std::string filename = part.filename.value_or("");
        given.filename = str(filename);
        given.content_type = str(part.contentType);
        given.fields = pairs.data();
        talome_upload_target target{};
        target.struct_size = sizeof target;
        target.directory = -1;
        gate::lastWords().clear();
        gate::succeedOrThrow(route_.place(route_.user, &call_, bytes(input_), &given, &target), id_);
        if (target.directory < 0) throw gate::Failure(TALOME_E_INTERNAL, id_ + " named no directory for the upload");
        return {target.directory, target.max_bytes ? target.max_bytes : route_.max_body};
    }

    /// The engine answers what is thrown while the body comes.
    template <class F> void translated(F&& body) {
        try {
            body();
        } catch (const gate::Failure& failure) {
            note(failure.status);
            const int status = gate::httpStatus(failure.status);
            std::vector<std::pair<std::string, std::string>> headers;
            if (failure.retryAfter) headers.emplace_back("Retry-After", std::to_string(*failure.retryAfter));
            throw http::HttpError(status, status == 500 ? "internal error" : failure.what(), std::move(headers));
        } catch (const std::exception&) {
            note(TALOME_E_INTERNAL);
            throw;
        }
    }
    void note(talome_status status) const {
        const auto endpoint = call_.snapshot->operations.find(id_);
        if (endpoint != call_.snapshot->operations.end())
            self_->services.gate.noteFailure(call_, *endpoint->second, input_, status);
    }

    talome_self* const self_;
    const gate::Drain::Hold hold_; ///< this generation places the files, so it is told of them too
    const talome_upload_route route_;
    const std::string id_;
    talome_call call_;
    const std::string input_;
    http::UploadWriter writer_;
    http::Upload upload_; ///< once it is finished
};

} // namespace

void linkUploaded(const talome_upload* upload, std::uint32_t file, int directory, std::string_view name, bool replace) {
    if (!upload || file >= upload->n_files) throw Invalid("file", "there is no such file in the upload");
    static_cast<const Uploaded*>(upload)->whole->files[file].file.link(
        directory, name, replace ? http::UploadFile::IfExists::replace : http::UploadFile::IfExists::fail);
}

DeclaredOperation makeUploadRoute(talome_self* self, const talome_upload_route* upload) {
    DeclaredOperation made{manifest::record(upload), nullptr, nullptr, {}, false};
    auto whole = manifest::whole(upload);
    whole.max_body = made.declared.maxBody;
    made.wire = [self, whole, declared = made.declared](talome_call& call, const std::string& input,
                                                        http::Exchange& exchange) {
        exchange.limitBody(declared.maxBody);
        if (!exchange.hasBody()) throw gate::Failure(TALOME_E_INVALID, "the body: send a file");
        if (!exchange.sink()) {
            auto sink = std::make_shared<Upload>(self, whole, declared.id, call, input, exchange);
            if (!exchange.receive(std::move(sink))) return false;
        } else if (!exchange.receive(exchange.sink())) {
            return false;
        }
        auto answer = static_cast<Upload&>(*exchange.sink()).done(call);
        for (const auto& [name, value] : call.headers) exchange.addHeader(name, value);
        const int status = call.status ? call.status : answer.empty() ? 204 : declared.routes[0].success;
        try {
            exchange.send(status, "application/json", std::move(answer));
        } catch (const http::ClientGone&) {
            return true; // it is done, whether or not the client is there to hear of it
        }
        return true;
    };
    return made;
}

} // namespace talome::plugins
