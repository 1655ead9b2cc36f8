// The OpenAPI 3.1 document, made from the declarations: GET /api/openapi.json.
#pragma once

#include "host/gate/registry.hpp"

#include <mutex>
#include <talome/plugin.hpp>

namespace talome::api {

/// The whole document as text.
std::string openApiDocument(const gate::Snapshot&);

/// Any thread. The text is made once for each snapshot.
class OpenApi {
public:
    explicit OpenApi(Registry& registry);

private:
    Json get(Call&);

    std::mutex mutex_;
    std::weak_ptr<const gate::Snapshot> madeFor_;
    std::string text_;
};

} // namespace talome::api
