#include "lib/manifest/splice.h"

#include <stdbool.h>
#include <stdlib.h>

int manifest_edits_add(struct manifest_edits *edits, size_t start, size_t end, const char *text,
    size_t length, struct error *err)
{
	if (edits->count == edits->capacity) {
		size_t capacity = edits->capacity ? 2 * edits->capacity : 16;
		struct manifest_edit *items = reallocarray(edits->items, capacity, sizeof(*items));
		if (!items)
			return error_memory(err);
		edits->items = items;
		edits->capacity = capacity;
	}
	size_t at = edits->texts.length;
	if (secret_buffer_append(&edits->texts, text, length, err) < 0)
		return -1;
	edits->items[edits->count] = (struct manifest_edit){start, end, edits->count, at, length};
	edits->count++;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct manifest_edit *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	bool a_inserts = a->end == a->start, b_inserts = b->end == b->start;
	if (a_inserts != b_inserts)
		return a_inserts ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

int manifest_edits_apply(struct manifest_edits *edits, const char *text, size_t start, size_t end,
    struct secret_buffer *out, struct error *err)
{
	if (edits->count)
		qsort(edits->items, edits->count, sizeof(*edits->items), compare);
	for (size_t i = 0; i < edits->count; i++) {
		const struct manifest_edit *edit = &edits->items[i];
		if (edit->end > end)
			break;
		if (edit->start < start)
			return error_set(err, ERROR_INVALID, "two changes to one place");
		if (secret_buffer_append(out, text + start, edit->start - start, err) < 0 ||
		    secret_buffer_append(out, secret_buffer_string(&edits->texts) + edit->text,
			edit->length, err) < 0)
			return -1;
		start = edit->end;
	}
	return secret_buffer_append(out, text + start, end - start, err);
}

void manifest_edits_free(struct manifest_edits *edits)
{
	free(edits->items);
	secret_buffer_free(&edits->texts);
	*edits = (struct manifest_edits){0};
}
