#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/utf8.h"

/* More notes than a target makes for an input of the usual size; later ones are not compared. */
#define NOTES_MAX 8192
/* Runs of each input with other failing allocations. */
#define FAILING_RUNS 4

struct note {
	uint64_t hash;
	enum error_code code;
	bool memory; /* it is an error for want of memory */
};
struct outcome {
	struct note notes[NOTES_MAX];
	size_t count;
	size_t allocations;
};

static struct outcome first, again, *outcome = &first;
static bool failing, out_of_memory, comparable = true;
/* Lines of the input, not from malloc, which can fail. */
static char lines[1 << 20];
static size_t lines_used;

/* FNV-1a. */
static uint64_t hash_bytes(const void *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
	return hash;
}

void fuzz_abort(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* -- the input -------------------------------------------------------------------------------- */

uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->length == 0)
		return 0;
	input->length--;
	return (uint8_t)*input->data++;
}

char *fuzz_line(struct fuzz_input *input)
{
	const char *end = input->length ? memchr(input->data, '\n', input->length) : NULL;
	size_t length = end ? (size_t)(end - input->data) : input->length;
	char *line = lines + lines_used;

	FUZZ_CHECK(length < sizeof(lines) - lines_used);
	if (length)
		memcpy(line, input->data, length);
	line[length] = '\0';
	lines_used += length + 1;
	length += end != NULL;
	if (length)
		input->data += length;
	input->length -= length;
	return line;
}

int fuzz_file(const char *bytes, size_t length)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	FUZZ_CHECK(pwrite(fd, bytes, length, 0) == (ssize_t)length);
	return fd;
}

/* -- outcomes --------------------------------------------------------------------------------- */

static void add_note(uint64_t hash, enum error_code code, bool memory)
{
	if (outcome->count < NOTES_MAX)
		outcome->notes[outcome->count++] = (struct note){hash, code, memory};
}

void fuzz_note(const void *bytes, size_t length)
{
	add_note(hash_bytes(bytes, length), ERROR_NONE, false);
}

void fuzz_note_string(const char *string)
{
	if (string)
		fuzz_note(string, strlen(string));
	else
		add_note(1, ERROR_NONE, false);
}

void fuzz_note_buffer(const struct secret_buffer *buffer)
{
	fuzz_note(buffer->data, buffer->length);
}

void fuzz_do_not_compare(void)
{
	comparable = false;
}

static void check_text(const char *text)
{
	size_t length = strnlen(text, ERROR_MESSAGE_MAX);

	FUZZ_CHECK(length > 0 && length < ERROR_MESSAGE_MAX);
	FUZZ_CHECK(utf8_is_valid(text, length));
	for (size_t i = 0; i < length; i++)
		FUZZ_CHECK((unsigned char)text[i] >= ' ' && text[i] != 0x7F);
}

static bool is_for_memory(const struct error *err)
{
	return failing && (strstr(err->message, "out of memory") ||
			      strstr(err->message, "Cannot allocate memory"));
}

bool fuzz_failed(int result, struct error *err)
{
	bool memory = is_for_memory(err);

	if (result >= 0) {
		FUZZ_CHECK(err->code == ERROR_NONE && err->message[0] == '\0');
		add_note((uint64_t)result + 2, ERROR_NONE, false);
		return false;
	}
	FUZZ_CHECK(err->code != ERROR_NONE);
	check_text(err->message);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "error %d: %s\n", err->code, err->message);
	add_note(hash_bytes(err->message, strlen(err->message)), err->code, memory);
	out_of_memory |= memory;
	error_clear(err);
	return true;
}

bool fuzz_failed_for_memory(int result, struct error *err)
{
	if (result < 0 && !is_for_memory(err))
		fuzz_abort(__FILE__, __LINE__, err->message);
	return fuzz_failed(result, err);
}

bool fuzz_is_failing(void)
{
	return failing;
}

bool fuzz_is_out_of_memory(void)
{
	return out_of_memory;
}

/* -- runs ------------------------------------------------------------------------------------- */

static void run(const uint8_t *data, size_t size, size_t number, bool all)
{
	struct fuzz_input input = {(const char *)data, size};

	outcome = number ? &again : &first;
	outcome->count = 0;
	lines_used = 0;
	failing = number > 0;
	comparable = true;
	out_of_memory = false;
	if (&fuzz_allocations)
		fuzz_allocations.begin(number, all);
	fuzz_case(&input);
	if (&fuzz_allocations)
		outcome->allocations = fuzz_allocations.end();
}

/*
 * Compare the notes of both runs.  After an out-of-memory error anything may follow, and the text
 * of any other error may be shorter.
 */
static void compare(void)
{
	for (size_t i = 0; i < first.count && i < NOTES_MAX - 1; i++) {
		const struct note *wanted = &first.notes[i], *note = &again.notes[i];
		if (i >= again.count)
			fuzz_abort(__FILE__, __LINE__,
			    "a failed allocation ends the run without an error");
		if (note->memory)
			return;
		if (note->hash != wanted->hash && (!wanted->code || note->code != wanted->code))
			fuzz_abort(__FILE__, __LINE__, "a failed allocation changes the outcome");
	}
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	log_init("fuzz", LOG_ERROR, LOG_TEXT);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t random = hash_bytes(data, size);

	run(data, size, 0, false);
	for (unsigned i = 0; &fuzz_allocations && i < FAILING_RUNS && first.allocations; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		run(data, size, 1 + (size_t)(random >> 33) % first.allocations, i % 2);
		if (comparable)
			compare();
	}
	return 0;
}
