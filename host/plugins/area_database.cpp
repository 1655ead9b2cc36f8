// talome.database: statements and transactions on the plugin's own file.
#include "host/plugins/areas.hpp"

#include "host/plugins/edge.hpp"
#include "sdk/manifest/recorder.hpp"

#include <sqlite3.h>

/// Names the transaction whose body is running on this thread.
struct talome_transaction {
    talome_self* self;
};

namespace talome::plugins {

namespace {

storage::Database& databaseOf(talome_self* self) {
    if (!self->database) throw gate::Failure(TALOME_E_UNAVAILABLE, "the database is open from start() to stop()");
    return *self->database;
}

storage::Value valueOf(const talome_value& value) {
    switch (value.type) {
    case TALOME_NULL:
        return nullptr;
    case TALOME_INTEGER:
        return value.as.integer;
    case TALOME_REAL:
        return value.as.real;
    case TALOME_TEXT:
        return std::string(view(value.as.text));
    case TALOME_BLOB:
        return storage::Blob{std::string(view(value.as.text))};
    default:
        throw Invalid("value", "has an unknown type");
    }
}

talome_value valueOf(sqlite3_stmt* statement, int index) {
    talome_value value{};
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
        value.type = TALOME_INTEGER;
        value.as.integer = sqlite3_column_int64(statement, index);
        break;
    case SQLITE_FLOAT:
        value.type = TALOME_REAL;
        value.as.real = sqlite3_column_double(statement, index);
        break;
    case SQLITE_NULL:
        break;
    default:
        value.type = sqlite3_column_type(statement, index) == SQLITE_TEXT ? TALOME_TEXT : TALOME_BLOB;
        value.as.text = {static_cast<const char*>(sqlite3_column_blob(statement, index)),
                         static_cast<size_t>(sqlite3_column_bytes(statement, index))};
    }
    return value;
}

talome_status migration(talome_self* self, uint32_t version, uint32_t flags, const char* sql) noexcept {
    return declaring(self, [&] {
        auto recorded = manifest::recordMigration(version, flags, sql);
        if (version != self->migrations.size() + 1) throw Invalid("migration", "versions count from 1 without a gap");
        self->migrations.push_back(std::move(recorded));
    });
}

talome_status execute(talome_self* self, talome_transaction*, talome_str sql, const talome_value* values, uint32_t n,
                      talome_row row, void* to, int64_t* changed) noexcept {
    return edge([&]() -> talome_status {
        std::vector<storage::Value> bound;
        bound.reserve(n);
        for (uint32_t i = 0; i < n; ++i) bound.push_back(valueOf(values[i]));
        storage::Database::OnRow onRow;
        std::vector<talome_value> columns;
        if (row)
            onRow = [&](sqlite3_stmt* statement) {
                columns.clear();
                for (int i = 0; i < sqlite3_column_count(statement); ++i) columns.push_back(valueOf(statement, i));
                return row(to, columns.data(), static_cast<uint32_t>(columns.size())) == 0;
            };
        const auto rows = databaseOf(self).run(view(sql), bound, onRow);
        if (changed) *changed = rows;
        return TALOME_OK;
    });
}

talome_status transaction(talome_self* self, talome_transaction_body body, void* user) noexcept {
    return edge([&]() -> talome_status {
        talome_transaction open{self};
        talome_status status = TALOME_OK;
        databaseOf(self).transaction([&] {
            status = body(user, &open);
            return status >= 0;
        });
        return status;
    });
}

} // namespace

const talome_database& databaseArea() {
    static const talome_database table{sizeof table, 0, migration, execute, transaction};
    return table;
}

} // namespace talome::plugins
