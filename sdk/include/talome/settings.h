/* Settings: typed values that an owner may change while the server runs. Each has one owner, the plugin that declares it. */
#ifndef TALOME_SETTINGS_H
#define TALOME_SETTINGS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_SETTINGS "talome.settings/0"

enum { TALOME_SETTING_SECRET = 1u };   /* sealed at rest, never shown by any route, log line or event */

typedef struct talome_setting {
  uint32_t struct_size, flags;
  const char *key;                     /* [a-z][a-z0-9_]{0,63} */
  const char *summary;
  const char *schema;                  /* JSON Schema of the value */
  const char *fallback;                /* JSON: the value while nobody has set one; NULL: null */
} talome_setting;

/* [strand] A new value is about to be stored; a negative status, with words, refuses it. */
typedef talome_status (*talome_setting_changing)(void *user, talome_str key, talome_bytes json) TALOME_NOEXCEPT;

typedef struct talome_settings {
  uint32_t struct_size, reserved;
  talome_status (*declare)(talome_self *, const talome_setting *) TALOME_NOEXCEPT;                  /* [lifecycle] in create() only */
  talome_status (*on_change)(talome_self *, talome_setting_changing, void *user) TALOME_NOEXCEPT;   /* [lifecycle] in create() only */
  /* [any] after create(). The value as JSON. Secrets too: this is the one accessor. */
  talome_status (*get)(talome_self *, talome_str key, talome_sink json, void *to) TALOME_NOEXCEPT;
} talome_settings;

#ifdef __cplusplus
}
#endif
#endif
