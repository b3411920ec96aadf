#include <string.h>

#include "lib/kube/answer.h"
#include "lib/kube/event.h"

#include "lib/base/json_writer.h"

static void write_object(struct json_writer *writer, const struct kube_event *event)
{
	json_write_name(writer, "involvedObject");
	json_write_object(writer);
	json_write_member(writer, "apiVersion", event->object_api_version);
	json_write_member(writer, "kind", event->object_kind);
	json_write_member(writer, "namespace", event->namespace);
	json_write_member(writer, "name", event->object_name);
	if (event->object_uid)
		json_write_member(writer, "uid", event->object_uid);
	json_write_object_end(writer);
}

/* In two ways: newer clients look at the reporting component, kubectl at source and times. */
static void write_origin(struct json_writer *writer, const struct kube_event *event)
{
	char now[KUBE_TIME_SIZE];

	kube_time(now);
	json_write_member(writer, "reportingComponent", event->component);
	json_write_member(writer, "reportingInstance", event->instance);
	json_write_name(writer, "source");
	json_write_object(writer);
	json_write_member(writer, "component", event->component);
	json_write_object_end(writer);
	json_write_member(writer, "firstTimestamp", now);
	json_write_member(writer, "lastTimestamp", now);
	json_write_name(writer, "count");
	json_write_integer(writer, 1);
}

/* Where the message is cut: at the beginning of a character. */
static size_t message_length(const char *message)
{
	size_t length = strlen(message);

	if (length <= KUBE_EVENT_MESSAGE_MAX)
		return length;
	length = KUBE_EVENT_MESSAGE_MAX;
	while (length > 0 && ((unsigned char)message[length] & 0xC0) == 0x80)
		length--;
	return length;
}

static int create_request(struct kube *kube, const struct kube_event *event,
    struct http_exchange *exchange, struct error *err)
{
	struct json_writer writer;

	if (kube_request(kube, "POST", event->namespace, "events", NULL, exchange, err) < 0)
		return -1;
	exchange->once = true; /* else a lost answer would read as a name that is taken */
	json_writer_init(&writer, &exchange->body);
	json_write_object(&writer);
	json_write_member(&writer, "apiVersion", "v1");
	json_write_member(&writer, "kind", "Event");
	json_write_name(&writer, "metadata");
	json_write_object(&writer);
	json_write_member(&writer, "name", event->name);
	json_write_object_end(&writer);
	write_object(&writer, event);
	json_write_member(&writer, "type", event->warning ? "Warning" : "Normal");
	json_write_member(&writer, "reason", event->reason);
	json_write_name(&writer, "message");
	json_write_string_bytes(&writer, event->message, message_length(event->message));
	write_origin(&writer, event);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int kube_event_create(struct http_client *client, struct kube *kube, const struct kube_event *event,
    struct error *err)
{
	struct http_exchange exchange;
	int result = create_request(kube, event, &exchange, err);

	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0 && kube_answer_check(&exchange, err) < 0) {
		if (exchange.status == 403)
			error_hint(err, "a Role in namespace %s must allow create on events",
			    event->namespace);
		result = -1;
	}
	http_exchange_free(&exchange);
	return result < 0 ? error_wrap(err, "Event in namespace %s", event->namespace) : 0;
}
