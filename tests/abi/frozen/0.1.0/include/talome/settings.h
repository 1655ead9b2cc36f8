/* Settings: typed values that an owner may change while the server runs. Each has one owner, the plugin that declares it. */
#ifndef TALOME_SETTINGS_H
#define TALOME_SETTINGS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_SETTINGS "talome.settings/0"

enum {
  TALOME_SETTING_SECRET = 1u,          /* sealed at rest, never shown by any route, log line or event */
  TALOME_SETTING_RESTART = 2u,         /* only read at the start: a new value counts from the next one */
  TALOME_SETTING_PORTABLE = 4u         /* means the same on another server: part of an exported configuration; never a secret */
};

typedef struct talome_setting {
  uint32_t struct_size, flags;
  const char *key;                     /* [a-z][a-z0-9_]{0,63} */
  const char *summary;
  const char *schema;                  /* JSON Schema of the value */
  const char *fallback;                /* JSON: the value while nobody has set one; NULL: null */
  const char *environment;             /* [A-Z][A-Z0-9_]{0,63}: where this variable is set, its text is the value; may be NULL.
                                          Without it, TALOME_SETTING_ and the key in capitals does the same, and wins */
} talome_setting;

/* [strand] May this value be stored? A negative status, with words, refuses it, and all that was to be stored together with
   it. A question and no more: another owner may refuse, so change nothing here. What was stored is told by the event
   settings.changed, {"keys":[…]}; a plugin that reads its settings when it uses them needs neither. To be answered within
   seconds. */
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
