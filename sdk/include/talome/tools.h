/* What all active plugins offer to models, automations and bots, as one list: for plugins that are a way to it, such as MCP
 * or a chat. Everything goes through the gate, as the caller of the call that is served. */
#ifndef TALOME_TOOLS_H
#define TALOME_TOOLS_H

#include "operations.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_TOOLS "talome.tools/0"

enum { TALOME_OFFER_TOOL = 0, TALOME_OFFER_RESOURCE = 1, TALOME_OFFER_PROMPT = 2 };

/* The host's topic "tools.changed", {"tools": bool, "resources": bool, "prompts": bool}, says when a list has changed. */
typedef struct talome_tools {
  uint32_t struct_size, reserved;
  /* [worker, strand] What the caller may use, by name: a JSON array. Of each tool what GET /api/tools says; of a resource uri
   * or uriTemplate, name, description, mimeType, domain, topics, and its inputs' schema; of a prompt name, description,
   * domain, and its inputs' schema. What the caller may not use, by permission, scope or group, is not there. */
  talome_status (*list)(talome_self *, talome_call *, int32_t kind, talome_sink out, void *to) TALOME_NOEXCEPT;
  /* [worker, strand] Calls a tool, reads a resource, gets a prompt. `name` is a resource's URI. `type` is given the media type
   * of the output before anything runs; if it is not, there is nothing of that name for the caller (NOT_FOUND). Words of an invalid input name the fields as the list does. */
  talome_status (*call)(talome_self *, talome_call *, const talome_call_options *how, int32_t kind, talome_str name, talome_bytes input, talome_sink out, void *to, talome_sink type, void *type_to) TALOME_NOEXCEPT;
} talome_tools;

#ifdef __cplusplus
}
#endif
#endif
