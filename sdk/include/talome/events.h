/* Events: published by topic, at most once, in order for each subscriber, from a bounded queue. */
#ifndef TALOME_EVENTS_H
#define TALOME_EVENTS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_EVENTS "talome.events/0"

typedef struct talome_topic {
  uint32_t struct_size, flags;
  const char *name;                    /* "container.started" */
  const char *summary;
  const char *schema;                  /* JSON Schema of the event; NULL: any object */
  const char *audience;                /* who may see it: a permission, as of an operation */
} talome_topic;

/* [strand] */
typedef void (*talome_on_event)(void *user, talome_str topic, talome_bytes json) TALOME_NOEXCEPT;

/* [strand] `present`: somebody's event stream shows this topic now (1), or nobody's any more (0). */
typedef void (*talome_on_audience)(void *user, talome_str topic, int32_t present) TALOME_NOEXCEPT;

typedef struct talome_events {
  uint32_t struct_size, reserved;
  talome_status (*declare)(talome_self *, const talome_topic *) TALOME_NOEXCEPT;                         /* [lifecycle] in create() only */
  /* [lifecycle] in create() only. `pattern` is a topic, or a prefix and `*` ("container.*"). Heard while active. */
  talome_status (*subscribe)(talome_self *, const char *pattern, talome_on_event, void *user) TALOME_NOEXCEPT;
  talome_status (*publish)(talome_self *, talome_str topic, talome_bytes json) TALOME_NOEXCEPT;          /* [any] a declared topic */
  /* [any] To fewer than the topic's audience: "user:ID", or a permission. Subscribers that are plugins hear it as well. */
  talome_status (*publish_to)(talome_self *, talome_str topic, talome_bytes json, talome_str audience) TALOME_NOEXCEPT;
  /* [lifecycle] in create() only. So that what nobody looks at need not be measured. */
  talome_status (*on_audience)(talome_self *, const char *topic, talome_on_audience, void *user) TALOME_NOEXCEPT;
} talome_events;

#ifdef __cplusplus
}
#endif
#endif
