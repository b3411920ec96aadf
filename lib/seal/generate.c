#include "lib/seal/generate.h"

#include <ctype.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER DIGITS

/* Random bytes taken at once. */
#define POOL 256

struct class
{
	const char *name;
	const char *characters; /* NULL: any byte */
};

static const struct class classes[] = {
    {"alnum", ALNUM},
    {"lower", LOWER DIGITS},
    {"digits", DIGITS},
    {"hex", DIGITS "abcdef"},
    {"base64", ALNUM "+/"},
    {"base64url", ALNUM "-_"},
    {"ascii", ALNUM "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
    {"bytes", NULL},
};

static const struct class *find_class(const char *name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	return NULL;
}

static int parse(const char *recipe, size_t *length, const struct class **class, struct error *err)
{
	const char *colon = strchr(recipe, ':');
	char *end;
	unsigned long number = strtoul(recipe, &end, 10);

	if (!isdigit((unsigned char)recipe[0]) || (*end && end != colon) || number < 1 ||
	    number > GENERATE_LENGTH_MAX)
		return error_set(err, ERROR_USAGE,
		    "\"%s\": write LENGTH:CLASS, such as 32:alnum, with a length from 1 to %d",
		    recipe, GENERATE_LENGTH_MAX);
	*length = number;
	*class = find_class(colon ? colon + 1 : "alnum");
	if (!*class)
		return error_set(err, ERROR_USAGE,
		    "\"%s\" is no class: alnum, lower, digits, hex, base64, base64url, ascii or "
		    "bytes",
		    colon + 1);
	return 0;
}

/* A byte over the last whole multiple of the class's size is thrown away: it would favour some. */
static void draw(const char *characters, size_t length, char *out)
{
	unsigned int count = (unsigned int)strlen(characters), even = 256 - 256 % count;
	uint8_t pool[POOL];

	while (length > 0) {
		RAND_bytes(pool, sizeof(pool));
		for (size_t i = 0; i < sizeof(pool) && length > 0; i++) {
			if (pool[i] >= even)
				continue;
			*out++ = characters[pool[i] % count];
			length--;
		}
	}
	OPENSSL_cleanse(pool, sizeof(pool));
}

int generate(const char *recipe, struct secret_buffer *value, struct error *err)
{
	const struct class *class = NULL;
	size_t length = 0;

	if (parse(recipe, &length, &class, err) < 0 ||
	    secret_buffer_reserve(value, length, err) < 0)
		return -1;
	if (class->characters)
		draw(class->characters, length, value->data + value->length);
	else
		RAND_bytes((uint8_t *)value->data + value->length, length);
	value->length += length;
	value->data[value->length] = '\0';
	return 0;
}
