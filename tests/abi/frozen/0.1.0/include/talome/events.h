/* Events: published by topic, at most once, in order for each subscriber, from a bounded queue; those of a durable topic
 * also at least once, from a table in the publisher's database, for subscribers that ask for that. */
#ifndef TALOME_EVENTS_H
#define TALOME_EVENTS_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TALOME_EVENTS "talome.events/0"

/* Flags of a topic. Durable: the publisher must have asked for talome.database; publishing within a transaction of it is
 * part of that transaction, else one of its own. All of the publisher's transactions then survive a power cut. */
enum { TALOME_TOPIC_DURABLE = 1u };

typedef struct talome_topic {
  uint32_t struct_size, flags;
  const char *name;                    /* "container.started" */
  const char *summary;
  const char *schema;                  /* JSON Schema of the event; NULL: any object */
  const char *audience;                /* who may see it: a permission, as of an operation */
} talome_topic;

/* [strand] */
typedef void (*talome_on_event)(void *user, talome_str topic, talome_bytes json) TALOME_NOEXCEPT;

/* What subscribe_durable() delivers. Publisher and sequence name an event: when it comes again, they are the same. */
typedef struct talome_durable_event {
  uint32_t struct_size, reserved;
  talome_str publisher;                /* a plugin's id */
  talome_str topic;
  talome_bytes json;
  int64_t sequence;                    /* from 1, grows in the order of the publisher's commits */
  int64_t published_at_ms;             /* since the epoch */
} talome_durable_event;

/* [strand] 0 or more: it has the event. Less: the same event comes again after a while, from 1 s at first to 5 min at
 * last, and no other of that publisher before it. It may come twice: after a crash, or when plugins are replaced. */
typedef talome_status (*talome_on_durable_event)(void *user, const talome_durable_event *) TALOME_NOEXCEPT;

/* [strand] `present`: somebody's event stream shows this topic now (1), or nobody's any more (0). */
typedef void (*talome_on_audience)(void *user, talome_str topic, int32_t present) TALOME_NOEXCEPT;

typedef struct talome_events {
  uint32_t struct_size, reserved;
  talome_status (*declare)(talome_self *, const talome_topic *) TALOME_NOEXCEPT;                         /* [lifecycle] in create() only */
  /* [lifecycle] in create() only. `pattern` is a topic, or a prefix and `*` ("container.*"). Heard while active. */
  talome_status (*subscribe)(talome_self *, const char *pattern, talome_on_event, void *user) TALOME_NOEXCEPT;
  /* [any] A declared topic. A durable one: [worker, strand, lifecycle] from start() to stop(), up to 1 MiB; committed, or
   * part of the open transaction, when it returns 0 or more. */
  talome_status (*publish)(talome_self *, talome_str topic, talome_bytes json) TALOME_NOEXCEPT;
  /* [any] To fewer than the topic's audience: "user:ID", or a permission. Subscribers that are plugins hear it as well. */
  talome_status (*publish_to)(talome_self *, talome_str topic, talome_bytes json, talome_str audience) TALOME_NOEXCEPT;
  /* [lifecycle] in create() only. So that what nobody looks at need not be measured. */
  talome_status (*on_audience)(talome_self *, const char *topic, talome_on_audience, void *user) TALOME_NOEXCEPT;
  /* [lifecycle] in create() only. Of durable topics that match, whoever publishes them: everything from the first time that
   * both are active, also what was published while this plugin was not. What it has waits for it at the publisher's: up to
   * 100,000 events, for up to 30 days of absence. Plugin and pattern are the subscription's identity. */
  talome_status (*subscribe_durable)(talome_self *, const char *pattern, talome_on_durable_event, void *user) TALOME_NOEXCEPT;
} talome_events;

#ifdef __cplusplus
}
#endif
#endif
